import type { PortRange } from '../../net/index.ts';
import type { Transport } from './openings.ts';

/** Services that nobody means to offer to the world: they rule the machine or hold its data. Names are those of the registry or of the program. */
const SENSITIVE: Readonly<Record<Transport, Readonly<Record<number, string>>>> = {
  tcp: {
    23: 'Telnet',
    111: 'portmapper',
    135: 'RPC',
    139: 'NetBIOS',
    389: 'LDAP',
    445: 'SMB',
    512: 'rexec',
    513: 'rlogin',
    514: 'rsh',
    873: 'rsync',
    1433: 'SQL Server',
    1521: 'Oracle',
    2049: 'NFS',
    2375: 'Docker without TLS',
    2376: 'Docker',
    2379: 'etcd',
    2380: 'etcd peers',
    3306: 'MySQL',
    3389: 'Remote Desktop',
    4444: 'debugging',
    5432: 'PostgreSQL',
    5672: 'AMQP',
    5900: 'VNC',
    5984: 'CouchDB',
    5985: 'WinRM',
    6379: 'Redis',
    6443: 'Kubernetes API',
    7001: 'WebLogic',
    8086: 'InfluxDB',
    8888: 'Jupyter',
    9042: 'Cassandra',
    9200: 'Elasticsearch',
    9222: 'Chrome debugging',
    9229: 'Node.js inspector',
    10250: 'kubelet',
    11211: 'memcached',
    11434: 'Ollama',
    18789: 'OpenClaw gateway',
    27017: 'MongoDB',
  },
  udp: { 69: 'TFTP', 111: 'portmapper', 161: 'SNMP', 389: 'CLDAP', 1900: 'SSDP', 11211: 'memcached' },
};

/** The sensitive services on these ports, a few of them. */
export function sensitiveServices(protocol: Transport, ports: PortRange): string[] {
  return Object.entries(SENSITIVE[protocol])
    .filter(([port]) => ports.first <= Number(port) && Number(port) <= ports.last)
    .map(([, name]) => name);
}

const WEB = [80, 443];

/** Only ports of web servers. HTTP/3 is HTTPS over UDP (RFC 9114). */
export function isWeb(protocol: Transport, ports: PortRange): boolean {
  return ports.first === ports.last && (protocol === 'tcp' ? WEB : [443]).includes(ports.first);
}

/** DNS, and DNS over TLS or QUIC. */
export function isDns(ports: PortRange): boolean {
  return ports.first === ports.last && [53, 853].includes(ports.first);
}
