/** A rule in a chain in a table. */
function ruled(rule: string): string {
  return `table inet t {\nchain c {\ntype filter hook input priority 0;\n${rule}\n}\n}\n`;
}

const DOUBLING = Array.from({ length: 40 }, (_, at) => `define v${at + 1} = { $v${at}, $v${at} }`).join('\n');

/** What breaks readers. */
export const HOSTILE: readonly string[] = [
  '',
  '\0',
  '\ufefftable ip t {\r\n}\r\n',
  '{'.repeat(20_000),
  '('.repeat(20_000),
  ruled(`ip saddr ${'{'.repeat(10_000)}`),
  ruled(`meta mark ${'('.repeat(10_000)}1`),
  ruled(`meta mark ${'1 | '.repeat(10_000)}1 accept`),
  ruled(`meta mark & ${'1 & '.repeat(10_000)}1 == 1 accept`),
  ruled(`ip saddr${' . ip saddr'.repeat(5_000)} { 1.1.1.1 } accept`),
  ruled('counter '.repeat(10_000)),
  ruled(`jhash ${'jhash '.repeat(5_000)}`),
  ruled(`add @s ${'{ ip saddr add @s '.repeat(2_000)}`),
  ruled('ip saddr & 85.85.85.85 == 1.1.1.1 ip daddr & 85.85.85.85 > 1.1.1.1 accept'),
  ruled('ip6 saddr & 5555:5555:5555:5555:5555:5555:5555:5555 != ::1 accept'),
  ruled('tcp dport & 0x5555 != 0x1111 tcp sport & 0xaaaa 0x2222 accept'),
  ruled('meta mark ^ 0x55555555 0x1-0xfffffffe accept'),
  ruled('tcp dport 0-0xffffffffffff accept'),
  ruled('meta mark 0xffffffffffffffffffff accept'),
  ruled('meta mark << 99 == 1 accept'),
  ruled('@nh,0,65535 1 accept'),
  ruled('meta mark set tcp dport map { 1 : 1, 2 : 2 } meta mark set tcp sport map { 1 : 1, 2 : 2 } accept'),
  ruled('meta mark set mark xor 1 meta mark 1 accept'),
  `define v0 = { 1.1.1.1, 2.2.2.2 }\n${DOUBLING}\n${ruled('ip saddr $v40 accept')}`,
  'define x = $x\n',
  'include "parts/*.nft"\ninclude "parts/*.nft"\n',
  'include "nowhere.nft"\n',
  'delete rule inet t c handle 99999999999999999999\n',
  'add rule inet t c index 5 accept\n',
  'table inet t {\nmap m { type inet_service : verdict; flags timeout; elements = { 22 timeout 1s : jump c } }\nchain c {\ntcp dport vmap @m\n}\n}\n',
  `table ip t {\n${Array.from({ length: 3000 }, (_, at) => `chain c${at} { jump c${at + 1}; }`).join('\n')}\nchain c3000 { }\n}\n`,
  `{"nftables": ${'['.repeat(20_000)}`,
  '{"nftables": [{"table": {"family": "inet", "name": "t", "flags": "\\u0000"}}]}',
  `{"nftables": [{"table": {"family": "ip", "name": "t"}}, {"chain": {"family": "ip", "table": "t", "name": "c"}}, {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"match": {"op": "==", "left": ${'{"&": ['.repeat(2_000)}`,
  '{"nftables": [{"table": {"family": "ip", "name": "t"}}, {"chain": {"family": "ip", "table": "t", "name": "c"}}, {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": ["accept accept", 5, null, {}]}}]}',
  '{"nftables": [{"__proto__": {}}, {"constructor": 1}, {"table": {"family": "ip", "name": "__proto__"}}]}',
];

export const TOKENS: readonly string[] = [
  '{', '}', '(', ')', '[', ']', '"', ';', '\n', '\\\n', ' . ', ' @s ', ' $x ', ' != ', ' == ', ' < ', ' ! ', ' & ', ' | ', ' ^ ', ' << ', ' >> ', ' / ', ',', ':', '-', '*', '#', '0x',
  '::', '999', '4294967296', '18446744073709551616', '-1', '10.0.0.1', '10.0.0.0/33', '2001:db8::/129', '00:11:22:33:44:55', '1:10', '5m', ' accept', ' drop', ' return', ' jump sub',
  ' goto in', ' continue', ' reject with tcp reset', ' vmap { 1 : accept, * : drop }', ' map { 1 : 2 }', ' set 1', ' meta mark', ' ct state new', ' ct original ip saddr', ' ip saddr', ' ip6 saddr',
  ' tcp dport 22', ' th dport', ' tcp flags syn / syn,ack', ' @nh,96,32', ' numgen random mod 3', ' jhash ip saddr mod 2', ' limit rate 1/second', ' quota over 1 bytes', ' ct count 1', ' notrack',
  ' queue', ' dnat to 10.0.0.1:80', ' snat ip6 to [::1]:80', ' masquerade', ' redirect to :1', ' tproxy to :1', ' synproxy', ' fwd to lo', ' dup to 1.1.1.1', ' flow add @f', ' xt target "X"',
  ' xt match "Y"', ' update @s { ip saddr }', ' meter m { ip saddr limit rate 1/second }', ' comment "x"', ' counter', ' log prefix "x"', 'define x = ', 'undefine x', 'include "parts/*.nft"', 'flush ruleset',
  'delete table inet t', 'add rule inet t in accept', 'insert rule inet t in index 0 drop', 'table ip t {', 'chain c {', 'set s { type ipv4_addr; }', 'map m { type mark : verdict; }',
  'type filter hook input priority 0; policy drop;', 'type nat hook prerouting priority dstnat', 'flags dormant', 'flags timeout', 'elements = {', '\0', '\ufeff', '\u202e', '\ud800', '__proto__',
]; // biome-ignore format: a list of tokens is easier to read in full lines

export const JSON_TOKENS: readonly string[] = [
  '{', '}', '[', ']', '"', ',', ':', 'null', 'true', '-1', '0', '1e99', '4294967296', '"@s2"', '"*"', '"10.0.0.1"', '"tcp"', '{"accept": null}', '{"drop": null}', '{"jump": {"target": "sub"}}',
  '{"set": []}', '{"set": ["@s1"]}', '{"range": [2, 1]}', '{"prefix": {"addr": 1, "len": 99}}', '{"prefix": {"addr": "::", "len": 0}}', '{"concat": []}', '{"&": [1, 2]}', '{"|": [{"|": [1, 2]}, 3]}',
  '{"meta": {"key": "mark"}}', '{"payload": {"base": "nh", "offset": 1, "len": 99}}', '{"ct": {"key": "mark"}}', '{"elem": {"val": 1}}', '{"map": {"key": 1, "data": 2}}', '"op": "in"', '"left"', '"right"',
  '{"xt": null}', '{"queue": null}', '{"notrack": null}', '{"numgen": {"mode": "inc", "mod": 2}}', '"__proto__"', '\\u0000', '\ud800',
]; // biome-ignore format: as above
