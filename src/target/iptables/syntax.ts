import { lookup } from './lookup.ts';

/** How many words follow an option. */
export type Arity = 0 | 1 | 2;

/** Options of every rule, with their other names (iptables(8), parameters). */
const RULE_OPTIONS = {
  '--protocol': ['-p', '--proto'],
  '--source': ['-s', '--src'],
  '--destination': ['-d', '--dst'],
  '--in-interface': ['-i'],
  '--out-interface': ['-o'],
  '--fragment': ['-f'],
} as const;

/** What else a rule may have that asks nothing of packets: other names, and how many words follow. */
const RULE_WORDS = {
  '--match': ['-m'],
  '--jump': ['-j'],
  '--goto': ['-g'],
  '--ipv4': ['-4'],
  '--ipv6': ['-6'],
  '--set-counters': ['-c'],
} as const;

const RULE_ARITIES: Readonly<Record<string, Arity>> = {
  '--fragment': 0,
  '--ipv4': 0,
  '--ipv6': 0,
  '--set-counters': 2,
};

const RULE_NAMES: ReadonlyMap<string, string> = new Map(
  [...Object.entries(RULE_OPTIONS), ...Object.entries(RULE_WORDS)].flatMap(([name, others]) =>
    [name, ...others].map((each) => [each, name] as const),
  ),
);

/**
 * The options of each match and target (iptables-extensions(8)): `=` is a word that follows, and a name behind `/` another name of the
 * option before it.
 */
const MODULES: Readonly<Record<string, string>> = {
  addrtype: '--src-type= --dst-type= --limit-iface-in --limit-iface-out',
  ah: '--ahspi= --ahlen= --ahres',
  bpf: '--bytecode= --object-pinned=',
  cgroup: '--path= --cgroup=',
  cluster: '--cluster-total-nodes= --cluster-local-node= --cluster-local-nodemask= --cluster-hash-seed=',
  comment: '--comment=',
  connbytes: '--connbytes= --connbytes-dir= --connbytes-mode=',
  connlabel: '--label= --set',
  connlimit: '--connlimit-upto= --connlimit-above= --connlimit-mask= --connlimit-saddr --connlimit-daddr',
  connmark: '--mark=',
  conntrack:
    '--ctstate= --ctproto= --ctorigsrc= --ctorigdst= --ctreplsrc= --ctrepldst= --ctorigsrcport= --ctorigdstport= ' +
    '--ctreplsrcport= --ctrepldstport= --ctstatus= --ctexpire= --ctdir=',
  cpu: '--cpu=',
  dccp: '--source-port=/--sport --destination-port=/--dport --dccp-types= --dccp-option=',
  devgroup: '--src-group= --dst-group=',
  dscp: '--dscp= --dscp-class=',
  dst: '--dst-len= --dst-opts=',
  ecn: '--ecn-tcp-cwr --ecn-tcp-ece --ecn-ip-ect=',
  esp: '--espspi=',
  eui64: '',
  frag: '--fragid= --fraglen= --fragres --fragfirst --fragmore --fraglast',
  hashlimit:
    '--hashlimit-upto= --hashlimit-above= --hashlimit= --hashlimit-burst= --hashlimit-mode= --hashlimit-srcmask= --hashlimit-dstmask= ' +
    '--hashlimit-name= --hashlimit-htable-size= --hashlimit-htable-max= --hashlimit-htable-expire= --hashlimit-htable-gcinterval= ' +
    '--hashlimit-rate-match --hashlimit-rate-interval=',
  hbh: '--hbh-len= --hbh-opts=',
  helper: '--helper=',
  hl: '--hl-eq= --hl-lt= --hl-gt=',
  icmp: '--icmp-type=',
  icmp6: '--icmpv6-type=',
  ipcomp: '--ipcompspi= --compres',
  iprange: '--src-range= --dst-range=',
  ipv6header: '--header= --soft',
  ipvs: '--ipvs --vproto= --vaddr= --vport= --vdir= --vmethod= --vportctl=',
  length: '--length=',
  limit: '--limit= --limit-burst=',
  mac: '--mac-source=',
  mark: '--mark=',
  mh: '--mh-type=',
  multiport: '--source-ports=/--sports --destination-ports=/--dports --ports=',
  nfacct: '--nfacct-name=',
  osf: '--genre= --ttl= --log=',
  owner: '--uid-owner= --gid-owner= --socket-exists --suppl-groups',
  physdev: '--physdev-in= --physdev-out= --physdev-is-in --physdev-is-out --physdev-is-bridged',
  pkttype: '--pkt-type=',
  policy: '--dir= --pol= --strict --reqid= --spi= --proto= --mode= --tunnel-src= --tunnel-dst= --next',
  quota: '--quota=',
  rateest:
    '--rateest= --rateest-delta --rateest-lt --rateest-gt --rateest-eq --rateest-bps= --rateest-pps= --rateest1= --rateest2= ' +
    '--rateest-bps1= --rateest-bps2= --rateest-pps1= --rateest-pps2= --rateest1-bps= --rateest2-bps= --rateest1-pps= --rateest2-pps=',
  realm: '--realm=',
  recent: '--set --rcheck --update --remove --seconds= --reap --hitcount= --rttl --name= --rsource --rdest --mask=',
  rpfilter: '--loose --validmark --accept-local --invert',
  rt: '--rt-type= --rt-segsleft= --rt-len= --rt-0-res --rt-0-addrs= --rt-0-not-strict',
  sctp: '--source-port=/--sport --destination-port=/--dport --chunk-types==',
  set:
    '--match-set== --set== --return-nomatch --update-counters --update-subcounters --packets-eq= --packets-lt= --packets-gt= --bytes-eq= ' +
    '--bytes-lt= --bytes-gt=',
  socket: '--transparent --nowildcard --restore-skmark',
  srh:
    '--srh-next-hdr= --srh-hdr-len-eq= --srh-hdr-len-gt= --srh-hdr-len-lt= --srh-segs-left-eq= --srh-segs-left-gt= --srh-segs-left-lt= ' +
    '--srh-last-entry-eq= --srh-last-entry-gt= --srh-last-entry-lt= --srh-tag= --srh-psid= --srh-nsid= --srh-lsid=',
  state: '--state=',
  statistic: '--mode= --probability= --every= --packet=',
  string: '--string= --hex-string= --algo= --from= --to= --icase',
  tcp: '--source-port=/--sport --destination-port=/--dport --tcp-flags== --syn --tcp-option=',
  tcpmss: '--mss=',
  time: '--datestart= --datestop= --timestart= --timestop= --monthdays= --weekdays= --kerneltz --contiguous --utc --localtz',
  tos: '--tos=',
  ttl: '--ttl-eq= --ttl-lt= --ttl-gt=/--ttl',
  u32: '--u32=',
  udp: '--source-port=/--sport --destination-port=/--dport',
};

const TARGETS: Readonly<Record<string, string>> = {
  ACCEPT: '',
  AUDIT: '--type=',
  CHECKSUM: '--checksum-fill',
  CLASSIFY: '--set-class=',
  CLUSTERIP: '--new --hashmode= --clustermac= --total-nodes= --local-node= --hash-init=',
  CONNMARK:
    '--set-xmark= --set-mark= --and-mark= --or-mark= --xor-mark= --save-mark --restore-mark --mask= --nfmask= --ctmask=',
  CONNSECMARK: '--save --restore',
  CT: '--notrack --helper= --ctevents= --expevents= --zone= --zone-orig= --zone-reply= --timeout=',
  DNAT: '--to-destination= --random --persistent --random-fully',
  DNPT: '--src-pfx= --dst-pfx=',
  DROP: '',
  DSCP: '--set-dscp= --set-dscp-class=',
  ECN: '--ecn-tcp-remove --ecn-tcp-cwr= --ecn-tcp-ece= --ecn-ip-ect=',
  HL: '--hl-set= --hl-dec= --hl-inc=',
  HMARK:
    '--hmark-tuple= --hmark-mod= --hmark-offset= --hmark-src-prefix= --hmark-dst-prefix= --hmark-sport-mask= --hmark-dport-mask= ' +
    '--hmark-spi-mask= --hmark-proto-mask= --hmark-rnd=',
  IDLETIMER: '--timeout= --label= --alarm',
  LED: '--led-trigger-id= --led-delay= --led-always-blink',
  LOG: '--log-level= --log-prefix= --log-tcp-sequence --log-tcp-options --log-ip-options --log-uid --log-macdecode',
  MARK: '--set-xmark= --set-mark= --and-mark= --or-mark= --xor-mark=',
  MASQUERADE: '--to-ports= --random --random-fully',
  NETMAP: '--to=',
  NFLOG: '--nflog-group= --nflog-prefix= --nflog-range= --nflog-size= --nflog-threshold=',
  NFQUEUE: '--queue-num= --queue-balance= --queue-bypass --queue-cpu-fanout',
  NOTRACK: '',
  QUEUE: '',
  RATEEST: '--rateest-name= --rateest-interval= --rateest-ewmalog=',
  REDIRECT: '--to-ports= --random',
  REJECT: '--reject-with=',
  RETURN: '',
  SECMARK: '--selctx=',
  SET: '--add-set== --del-set== --map-set== --timeout= --exist --map-mark --map-prio --map-queue',
  SNAT: '--to-source= --random --random-fully --persistent',
  SNPT: '--src-pfx= --dst-pfx=',
  SYNPROXY: '--mss= --wscale= --sack-perm --timestamp --ecn',
  TCPMSS: '--set-mss= --clamp-mss-to-pmtu',
  TCPOPTSTRIP: '--strip-options=',
  TEE: '--gateway= --oif=',
  TOS: '--set-tos= --and-tos= --or-tos= --xor-tos=',
  TPROXY: '--on-port= --on-ip= --tproxy-mark=',
  TRACE: '',
  TTL: '--ttl-set= --ttl-dec= --ttl-inc=',
  ULOG: '--ulog-nlgroup= --ulog-prefix= --ulog-cprange= --ulog-qthreshold=',
};

/** An option that a word names. */
export interface KnownOption {
  readonly name: string;
  readonly arity: Arity;
}

type Options = ReadonlyMap<string, KnownOption>; // by each of its names

const MATCH_OPTIONS = read(MODULES);
const TARGET_OPTIONS = read(TARGETS);

function read(modules: Readonly<Record<string, string>>): ReadonlyMap<string, Options> {
  return new Map(
    Object.entries(modules).map(([module, text]) => [module, new Map(text.split(' ').flatMap(optionNames))]),
  );
}

function optionNames(text: string): (readonly [string, KnownOption])[] {
  const [first = '', ...others] = text.split('/');
  if (first === '') return [];
  const name = first.replaceAll('=', '');
  const arity = first.length - name.length;
  const option: KnownOption = { name, arity: arity === 0 || arity === 1 ? arity : 2 };
  return [name, ...others].map((each) => [each, option] as const);
}

/** Whether a word has to be an option's name, or may be its beginning where that is clear (getopt_long(3)). */
export type Spelling = 'whole' | 'short';

/** A word as an option of any rule. */
export function ruleOption(word: string, spelling: Spelling): KnownOption | undefined {
  const full = RULE_NAMES.get(spelled(word, spelling, RULE_NAMES.keys()));
  return full === undefined ? undefined : { name: full, arity: RULE_ARITIES[full] ?? 1 };
}

/** A word as an option of a match or target. */
export function moduleOption(
  kind: 'match' | 'target',
  module: string,
  word: string,
  spelling: Spelling,
): KnownOption | undefined {
  const options = (kind === 'match' ? MATCH_OPTIONS : TARGET_OPTIONS).get(moduleName(module));
  return options?.get(spelled(word, spelling, options.keys()));
}

function spelled(word: string, spelling: Spelling, names: Iterable<string>): string {
  return spelling === 'whole' ? word : (abbreviated(word, names) ?? word);
}

function abbreviated(word: string, names: Iterable<string>): string | undefined {
  if (!/^--../.test(word)) return undefined;
  const found = [...names].filter((name) => name.startsWith(word));
  return found.length === 1 ? found[0] : undefined;
}

/** Names that stand for the same module, as the one that is used here. */
export function moduleName(name: string): string {
  return lookup(ALIASES, name) ?? name;
}

const ALIASES: Readonly<Record<string, string>> = {
  icmpv6: 'icmp6',
  'ipv6-icmp': 'icmp6',
  mport: 'multiport',
};

/** The match that `-p` brings along when an option asks for it: `-p tcp --dport 22`. */
export function protocolModule(protocol: string): string | undefined {
  return lookup(PROTOCOL_MODULES, protocol.toLowerCase());
}

const PROTOCOL_MODULES: Readonly<Record<string, string>> = {
  tcp: 'tcp',
  6: 'tcp',
  udp: 'udp',
  17: 'udp',
  sctp: 'sctp',
  132: 'sctp',
  dccp: 'dccp',
  33: 'dccp',
  icmp: 'icmp',
  1: 'icmp',
  icmpv6: 'icmp6',
  'ipv6-icmp': 'icmp6',
  58: 'icmp6',
  esp: 'esp',
  50: 'esp',
  ah: 'ah',
  51: 'ah',
  mh: 'mh',
  'ipv6-mh': 'mh',
  'mobility-header': 'mh',
  135: 'mh',
  ipcomp: 'ipcomp',
  108: 'ipcomp',
};
