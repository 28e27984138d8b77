/**
 * The rules that Docker loads for a bridge network with one container, as it documents them for both of its firewall backends (moby/moby,
 * integration/network/bridge/{iptablesdoc,nftablesdoc}, 2025), written by ourselves: docker0 is there without a container, bridge1 has 192.0.2.0/24 and
 * 192.0.2.2 in it.
 */
export interface BridgeNetwork {
  readonly name: string; // for people
  readonly internal?: boolean;
  readonly icc?: boolean; // default true
  readonly routed?: boolean; // gateway mode; default nat
  readonly publishes?: boolean; // container port 80 as 8080
}

export const NETWORKS: readonly BridgeNetwork[] = [
  { name: 'a network' },
  { name: 'a published port', publishes: true },
  { name: 'without ICC', publishes: true, icc: false },
  { name: 'routed', publishes: true, routed: true },
  { name: 'internal', internal: true },
  { name: 'internal, without ICC', internal: true, icc: false },
];

/** What `ipset save` and `iptables-save` print. */
export function iptablesFiles({ internal = false, icc = true, routed = false, publishes = false }: BridgeNetwork) {
  const nat = !routed && !internal;
  const lines = (...of: readonly (string | false)[]): string => of.filter((line) => line !== false).join('\n');
  const external = ['172.17.0.0/16', ...(internal ? [] : ['192.0.2.0/24'])];
  const ipset = lines(
    'create docker-ext-bridges-v4 hash:net family inet hashsize 1024 maxelem 65536',
    ...external.map((subnet) => `add docker-ext-bridges-v4 ${subnet}`),
  );
  const rules = lines(
    '*raw',
    ':PREROUTING ACCEPT [0:0]',
    publishes && nat && '-A PREROUTING -d 192.0.2.2/32 ! -i bridge1 -j DROP',
    'COMMIT',
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':POSTROUTING ACCEPT [0:0]',
    ':DOCKER - [0:0]',
    '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
    '-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER',
    nat && '-A POSTROUTING -s 192.0.2.0/24 ! -o bridge1 -j MASQUERADE',
    '-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE',
    publishes && nat && '-A DOCKER ! -i bridge1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.0.2.2:80',
    'COMMIT',
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ':FORWARD ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':DOCKER - [0:0]',
    ':DOCKER-FORWARD - [0:0]',
    ':DOCKER-ISOLATION-STAGE-1 - [0:0]',
    ':DOCKER-ISOLATION-STAGE-2 - [0:0]',
    ':DOCKER-USER - [0:0]',
    '-A FORWARD -j DOCKER-USER',
    '-A FORWARD -j DOCKER-FORWARD',
    publishes && '-A DOCKER -d 192.0.2.2/32 ! -i bridge1 -o bridge1 -p tcp -m tcp --dport 80 -j ACCEPT',
    '-A DOCKER ! -i docker0 -o docker0 -j DROP',
    routed && '-A DOCKER -o bridge1 -p icmp -j ACCEPT',
    !internal && '-A DOCKER ! -i bridge1 -o bridge1 -j DROP',
    '-A DOCKER-FORWARD -m set --match-set docker-ext-bridges-v4 dst -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1',
    '-A DOCKER-FORWARD -m set --match-set docker-ext-bridges-v4 dst -j DOCKER',
    '-A DOCKER-FORWARD -i docker0 -j ACCEPT',
    icc ? '-A DOCKER-FORWARD -i bridge1 -o bridge1 -j ACCEPT' : '-A DOCKER-FORWARD -i bridge1 -o bridge1 -j DROP',
    !internal && '-A DOCKER-FORWARD -i bridge1 ! -o bridge1 -j ACCEPT',
    internal && '-A DOCKER-ISOLATION-STAGE-1 ! -s 192.0.2.0/24 -o bridge1 -j DROP',
    internal && '-A DOCKER-ISOLATION-STAGE-1 ! -d 192.0.2.0/24 -i bridge1 -j DROP',
    routed && '-A DOCKER-ISOLATION-STAGE-1 -i bridge1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    routed && '-A DOCKER-ISOLATION-STAGE-1 -o bridge1 -j RETURN',
    '-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2',
    !internal && '-A DOCKER-ISOLATION-STAGE-1 -i bridge1 ! -o bridge1 -j DOCKER-ISOLATION-STAGE-2',
    !internal && '-A DOCKER-ISOLATION-STAGE-2 -o bridge1 -j DROP',
    '-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP',
    '-A DOCKER-USER -j RETURN',
    'COMMIT',
    '',
  );
  return { ipset: `${ipset}\n`, rules };
}

/** What `nft list table ip docker-bridges` prints. */
export function nftablesText({
  internal = false,
  icc = true,
  routed = false,
  publishes = false,
}: BridgeNetwork): string {
  const nat = !routed && !internal;
  const chain = (name: string, ...rules: readonly (string | false)[]): string =>
    `\tchain ${name} {\n${rules.flatMap((rule) => (rule === false ? [] : [`\t\t${rule}\n`])).join('')}\t}\n`;
  const jumps = (name: string, prefix: string): string =>
    `\tmap ${name} {\n\t\ttype ifname : verdict\n\t\telements = { "docker0" : jump ${prefix}__docker0,\n\t\t\t     "bridge1" : jump ${prefix}__bridge1 }\n\t}\n`;
  const answers = 'ct state established,related counter packets 0 bytes 0 accept';
  const decide = (verdict: 'accept' | 'drop', comment: string): string =>
    `counter packets 0 bytes 0 ${verdict} comment "${comment}"`;
  return `table ip docker-bridges {
${jumps('filter-forward-in-jumps', 'filter-forward-in')}${jumps('filter-forward-out-jumps', 'filter-forward-out')}${chain(
  'filter-FORWARD',
  'type filter hook forward priority filter; policy accept;',
  'oifname vmap @filter-forward-in-jumps',
  'iifname vmap @filter-forward-out-jumps',
)}${chain(
  'nat-PREROUTING',
  'type nat hook prerouting priority dstnat; policy accept;',
  'fib daddr type local counter packets 0 bytes 0 jump nat-prerouting-and-output',
)}${chain(
  'nat-OUTPUT',
  'type nat hook output priority dstnat; policy accept;',
  'ip daddr != 127.0.0.0/8 fib daddr type local counter packets 0 bytes 0 jump nat-prerouting-and-output',
)}${chain(
  'nat-POSTROUTING',
  'type nat hook postrouting priority srcnat; policy accept;',
  nat &&
    'iifname "bridge1" oifname != "bridge1" ip saddr 192.0.2.0/24 counter packets 0 bytes 0 masquerade comment "MASQUERADE"',
  'iifname "docker0" oifname != "docker0" ip saddr 172.17.0.0/16 counter packets 0 bytes 0 masquerade comment "MASQUERADE"',
)}${chain(
  'nat-prerouting-and-output',
  publishes &&
    nat &&
    'iifname != "bridge1" tcp dport 8080 counter packets 0 bytes 0 dnat to 192.0.2.2:80 comment "DNAT"',
)}${chain(
  'raw-PREROUTING',
  'type filter hook prerouting priority raw; policy accept;',
  publishes && nat && `ip daddr 192.0.2.2 iifname != "bridge1" ${decide('drop', 'DROP DIRECT ACCESS')}`,
)}${chain(
  'filter-forward-in__docker0',
  answers,
  `iifname "docker0" ${decide('accept', 'ICC')}`,
  decide('drop', 'UNPUBLISHED PORT DROP'),
)}${chain('filter-forward-out__docker0', answers, decide('accept', 'OUTGOING'))}${
  internal
    ? chain(
        'filter-forward-in__bridge1',
        answers,
        `iifname != "bridge1" ${decide('drop', 'INTERNAL NETWORK INGRESS')}`,
        decide(icc ? 'accept' : 'drop', 'ICC'),
      ) +
      chain('filter-forward-out__bridge1', answers, `oifname != "bridge1" ${decide('drop', 'INTERNAL NETWORK EGRESS')}`)
    : chain(
        'filter-forward-in__bridge1',
        answers,
        routed && `ip protocol icmp ${decide('accept', 'ICMP')}`,
        `iifname "bridge1" ${decide(icc ? 'accept' : 'drop', 'ICC')}`,
        publishes && 'ip daddr 192.0.2.2 tcp dport 80 counter packets 0 bytes 0 accept',
        decide('drop', 'UNPUBLISHED PORT DROP'),
      ) + chain('filter-forward-out__bridge1', answers, decide('accept', 'OUTGOING'))
}}
`;
}
