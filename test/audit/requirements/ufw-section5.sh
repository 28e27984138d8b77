# SSH in from multiple terminals to avoid lockout
sudo ufw default deny incoming
sudo ufw default allow outgoing
sudo ufw allow 22/tcp  # SSH
sudo ufw enable
# Verify you can still SSH

# Delete all inbound rules except SSH
sudo ufw reset
sudo ufw default deny incoming
sudo ufw default allow outgoing
sudo ufw allow 22/tcp
sudo ufw enable

# First, apply to test VM, verify application functionality
sudo ufw default deny outgoing
# Add required outbound rules one-by-one, testing each
sudo ufw allow out 443/tcp
sudo ufw allow out 53/udp
sudo ufw allow out 123/udp
# Test: curl https://api.discord.com (should work)
# Test: nslookup example.com (should work)

sudo ufw logging on
sudo ufw logging high
tail -f /var/log/syslog | grep UFW
