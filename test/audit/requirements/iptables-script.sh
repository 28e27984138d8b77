# Section 4 of the requirements, the commands that change the kernel, in their order; `set -e` as there.
set -e
iptables -F
iptables -X
iptables -Z
iptables -P INPUT DROP
iptables -P OUTPUT DROP
iptables -P FORWARD DROP
iptables -A INPUT -i lo -j ACCEPT
iptables -A OUTPUT -o lo -j ACCEPT
iptables -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT
iptables -A OUTPUT -m state --state ESTABLISHED,RELATED -j ACCEPT
iptables -A INPUT -p tcp --dport 22 -m state --state NEW -j ACCEPT -m comment --comment "SSH"
iptables -A INPUT -p icmp --icmp-type 8 -m limit --limit 10/s --limit-burst 5 -j ACCEPT -m comment --comment "Ping"
iptables -A INPUT -p icmp --icmp-type 11 -j ACCEPT -m comment --comment "ICMP Time Exceeded"
iptables -A INPUT -p tcp --dport 9090 -s 10.0.0.0/8 -m state --state NEW -j ACCEPT -m comment --comment "Prometheus metrics"
iptables -A OUTPUT -p udp --dport 53 -m state --state NEW,ESTABLISHED -j ACCEPT -m comment --comment "DNS"
iptables -A OUTPUT -p udp --dport 123 -m state --state NEW,ESTABLISHED -j ACCEPT -m comment --comment "NTP"
iptables -A OUTPUT -p tcp --dport 443 -m state --state NEW,ESTABLISHED -j ACCEPT -m comment --comment "HTTPS outbound"
iptables -A INPUT -m limit --limit 5/min -j LOG --log-prefix "[FW-IN-DROP] " --log-level 7
iptables -A OUTPUT -m limit --limit 5/min -j LOG --log-prefix "[FW-OUT-DROP] " --log-level 7
