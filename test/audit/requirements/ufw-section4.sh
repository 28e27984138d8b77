# Enable UFW with default deny
sudo ufw default deny incoming
sudo ufw default allow outgoing
sudo ufw enable

# Allow SSH (do FIRST to avoid lockout)
sudo ufw allow 22/tcp comment "SSH access"

# Allow inbound on agent listener port (if exposing API)
sudo ufw allow 8080/tcp comment "OpenClaw agent API"

# Allow outbound to Discord
sudo ufw allow out 443/tcp to any comment "HTTPS outbound"

# Allow DNS
sudo ufw allow out 53/udp comment "DNS"

# View rules
sudo ufw status verbose
sudo ufw show added

# Delete rule
sudo ufw delete allow 8080/tcp
