import { SERVICE_PORTS } from '../netfilter/services.ts';
import type { UfwProtocol } from './rule.ts';

/** Names of services that the machine's /etc/services has for TCP and for UDP (netbase 6.4); ufw then makes rules for both. */
const BOTH = `
asp chargen cmip-agent cmip-man codaauth2 codasrv codasrv-se datametrics daytime discard domain domain-s echo gdomap gnunet
gnutella-rtr gnutella-svc https isns kdc kerberos kerberos-iv kerberos-master kerberos-sec kerberos4 kerberos5 kpasswd krb5 ldap
ldaps ldp mon nfs null nut old-radacct old-radius openvpn portmapper radacct radius radius-acct rpc2portmap rtcm-sc104 rtsp
sa-msg-port sink sip sip-tls snmp snmp-trap snmptrap source sunrpc svrloc syslog tacacs time timserver tinc ttytst venus venus-se
`;

/** Those that it has for UDP only; all others are of TCP. */
const UDP = `
Clearcase afs3-bos afs3-callback afs3-fileserver afs3-kaserver afs3-prserver afs3-rmtsys afs3-update afs3-vlserver afs3-volser
asf-rmcp babel biff bootpc bootps clearcase comsat dhcpv6-client dhcpv6-server fsp fspd iax icp icpv2 ipsec-nat-t ipx isakmp
kerberos_master l2f l2tp mdns moira-ureg moira_ureg ms-sql-m netbios-dgm netbios-ns ntalk ntp passwd-server passwd_server predict
ptp-event ptp-general route routed router rplay sgi-cmsd sgi-crsd sgi-gcd talk tftp who whod xdmcp zephyr-clt zephyr-hm zephyr-srv
`;

const PROTOCOLS: ReadonlyMap<string, UfwProtocol | 'any'> = new Map([
  ...BOTH.trim()
    .split(/\s+/)
    .map((name) => [name, 'any'] as const),
  ...UDP.trim()
    .split(/\s+/)
    .map((name) => [name, 'udp'] as const),
]);

/** The port and protocol of a service by name. */
export function serviceNamed(
  name: string,
): { readonly port: number; readonly protocol: UfwProtocol | 'any' } | undefined {
  const port = SERVICE_PORTS.get(name);
  return port === undefined ? undefined : { port, protocol: PROTOCOLS.get(name) ?? 'tcp' };
}
