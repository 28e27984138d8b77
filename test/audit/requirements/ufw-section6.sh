# UFW rules: SSH + HTTPS outbound only
sudo ufw default deny incoming
sudo ufw default deny outgoing
sudo ufw allow 22/tcp
sudo ufw allow out 443/tcp
sudo ufw allow out 53/udp
sudo ufw allow out 123/udp
