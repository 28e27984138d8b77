import { LAN } from './router.ts';

/** The kinds of flow that the made policies are mixed of, in turn: what real ones consist of. */
const SERVICES = ['udp/514', 'tcp/443', 'tcp/8000-8100', '[tcp/53, udp/53]'] as const;

/** The destination of the flow with this number: scattered over the address space, no two alike, always the same. */
export function destination(family: 4 | 6, index: number): string {
  // A multiplicative permutation of 24 bits (odd factor): neighbours in the policy are none in the address space.
  const scattered = (index * 0x9e3779b1) & 0xff_ffff;
  if (family === 4) return `20.${scattered >> 16}.${(scattered >> 8) & 255}.${scattered & 255}`;
  return `2a00:${(scattered >> 12).toString(16)}:${(scattered & 0xfff).toString(16)}::1`;
}

/** A policy of `flows` flows, each to a destination of its own on both families. */
export function policyText(from: 'lan' | 'agent' | 'host', flows: number): string {
  const lines = ['portcullis: 1', 'name: bench'];
  if (from === 'lan') lines.push('zones:', `  lan: { addresses: [${LAN[4]}, "${LAN[6]}"] }`);
  if (from === 'agent') lines.push('zones:', '  agent: { host: { users: [0] } }');
  lines.push('flows:');
  for (let index = 0; index < flows; index++) {
    const to = `["${destination(4, index)}", "${destination(6, index)}"]`;
    lines.push(`  - { name: flow-${index}, from: ${from}, to: ${to}, service: ${SERVICES[index % SERVICES.length]} }`);
  }
  return `${lines.join('\n')}\n`;
}

/** Flows of `policyText` that let UDP port 514 through, `count` of them, evenly spread over the policy. */
export function syslogDestinations(family: 4 | 6, flows: number, count: number): string[] {
  const step = SERVICES.length;
  const available = Math.ceil(flows / step);
  const wanted = Math.min(count, available);
  return Array.from({ length: wanted }, (_, index) =>
    destination(family, Math.floor((index * available) / wanted) * step),
  );
}

/** The same meaning as people write it by hand: one rule after the other, in the order of the policy. */
export function linearRules(hook: 'forward' | 'output', flows: number): string {
  const sources = { 4: `ip saddr ${LAN[4]} `, 6: `ip6 saddr ${LAN[6]} ` };
  const rules: string[] = [];
  for (let index = 0; index < flows; index++) {
    for (const family of [4, 6] as const) {
      const who = hook === 'forward' ? sources[family] : 'meta skuid 0 ';
      const where = `${family === 4 ? 'ip' : 'ip6'} daddr ${destination(family, index)} `;
      for (const service of SERVICES[index % SERVICES.length]!.replace(/[[\]]/g, '').split(', ')) {
        const [protocol, ports] = service.split('/');
        rules.push(`    ${who}${where}${protocol} dport ${ports} counter accept`);
      }
    }
  }
  const lines = [
    'table inet linear {',
    `  chain ${hook} {`,
    `    type filter hook ${hook} priority filter - 5; policy drop;`,
    '    ct state established,related accept',
    '    ct state invalid drop',
    ...(hook === 'forward' ? ['    fib saddr type { local, broadcast, multicast, anycast } drop'] : []),
    ...rules,
    '  }',
    '}',
  ];
  return `${lines.join('\n')}\n`;
}
