import assert from 'node:assert/strict';
import { proveChange } from '../../src/apply/index.ts';
import { Lab, type Sender, type Shot } from '../../src/host/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import {
  type AliveConnection,
  type Program,
  type StagedTexts,
  type Standing,
  stageChange,
  standing,
  TARGETS,
} from '../../src/target/index.ts';
import { LINKS } from './links.ts';
import { intentOf } from './policies.ts';

export const AGENT = 61_000; // what `intentOf` takes for the first account

export const ENDS = [
  { family: 4, far: '203.0.113.9', farther: '192.0.2.77', host: '198.18.0.1' },
  { family: 6, far: '2001:db8::9', farther: '2001:db8:77::1', host: '2001:2::1' },
] as const;

/** Two policies that differ in every hook, so that a packet of each tells which one it met; what is learnt is in both. */
export const POLICIES = { first: policy(1), second: policy(2) } as const;
export type PolicyName = keyof typeof POLICIES;

function policy(number: number): Program {
  const { ast } = TARGETS.nftables.lower(
    intentOf(`portcullis: 1
name: change
zones:
  agent: { host: { users: [openclaw] } }
  far: { addresses: [203.0.113.0/24, "2001:db8::/64"] }
  farther: { addresses: [192.0.2.0/24, "2001:db8:77::/64"] }
  backend: { domains: [backend.example] }
flows:
  - { name: in-${number}, from: far, to: host, service: [tcp/10${number}, udp/10${number}] }
  - { name: out-${number}, from: agent, to: far, service: tcp/20${number} }
  - { name: through-${number}, from: far, to: farther, service: tcp/30${number} }
  - { name: ssh, from: far, to: host, service: tcp/22, rate: 600/minute per source }
  - { name: backend, from: agent, to: backend, service: https }
`),
  );
  return ast;
}

/** Tables of others, of kinds that real machines have; none of them may change. */
export const OTHERS = `table ip filter {
  set blocked { type ipv4_addr; flags interval; elements = { 192.0.2.128/25 }; }
  chain ufw-user { tcp dport 9 drop comment "kept"; }
  chain INPUT { type filter hook input priority filter; policy accept; ip saddr @blocked drop; jump ufw-user; }
}
table ip6 nat {
  chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept; ip6 saddr fd00::/8 masquerade; }
}
table inet portcullis2 {
  chain input { type filter hook input priority filter - 5; policy accept; }
}
`;

export function openLab(): Promise<Lab> {
  return Lab.open({ links: LINKS, accounts: [AGENT] });
}

/** Which of the two policies packets of every hook and family meet. */
export type InForce = 'first' | 'second' | 'everything passes' | string;

export async function inForce(lab: Lab): Promise<InForce> {
  const agent: Sender = { at: 'host', account: AGENT };
  const outcomes = new Map<string, string[]>();
  const note = async (
    sender: Sender,
    link: string,
    shots: readonly (Shot & { readonly number: number })[],
  ): Promise<void> => {
    const sent = await lab.send(sender, link, shots);
    for (const [index, { result }] of sent.entries()) {
      const { number, dst, dport } = shots[index]!;
      if (result === 'passed')
        outcomes.set(`${dst} ${dport! - number}`, [
          ...(outcomes.get(`${dst} ${dport! - number}`) ?? []),
          String(number),
        ]);
      else if (!outcomes.has(`${dst} ${dport! - number}`)) outcomes.set(`${dst} ${dport! - number}`, []);
    }
  };
  const shot = (
    number: number,
    base: number,
    packet: Pick<Shot, 'dst'> & Partial<Shot>,
  ): Shot & { readonly number: number } => ({
    transport: 'tcp',
    dport: base + number,
    timeoutMs: 150,
    attempts: 2,
    number,
    ...packet,
  });
  const each = (base: number, packet: (ends: (typeof ENDS)[number]) => Pick<Shot, 'dst'> & Partial<Shot>) =>
    ENDS.flatMap((ends) => [1, 2].map((number) => shot(number, base, packet(ends))));
  await note(
    agent,
    'eth0',
    each(200, ({ far }) => ({ dst: far })),
  );
  await note(
    { at: 'outer', link: 'eth0' },
    'eth0',
    each(100, ({ far, host }) => ({ src: far, dst: host })),
  );
  await note(
    { at: 'outer', link: 'lab0' },
    'eth0',
    each(300, ({ far, farther }) => ({ src: far, dst: farther })),
  );
  const seen = new Set([...outcomes.values()].map((numbers) => numbers.join(' ')));
  assert.equal(outcomes.size, 6);
  const [only] = seen;
  if (seen.size > 1 || only === undefined) return `mixed: ${JSON.stringify([...outcomes])}`;
  return { '1': 'first', '2': 'second', '1 2': 'everything passes' }[only] ?? `nothing passes (${only})`;
}

/** The whole ruleset without what counts packets and time. */
export function listing(lab: Lab): Promise<string> {
  return lab.onHost('nft', ['-s', 'list', 'ruleset']).then(withoutTimes);
}

function withoutTimes(text: string): string {
  return text.replaceAll(/ expires [0-9a-z]+/g, '');
}

export async function read(lab: Lab): Promise<Program> {
  const text = await lab.onHost('nft', ['-j', 'list', 'ruleset']);
  const { ast, diagnostics } = TARGETS.nftables.parse([new SourceFile('listing.json', text)]);
  assert.ok(ast !== undefined, diagnostics.map(({ message }) => message).join('\n'));
  return ast;
}

export async function stood(lab: Lab): Promise<Standing> {
  return standing(await read(lab));
}

/** The texts of a change from what the kernel lists now, proven. */
export async function staged(
  lab: Lab,
  policy: PolicyName | undefined,
  trialSeconds: number | undefined,
  alive: readonly AliveConnection[] = [],
): Promise<StagedTexts> {
  const before = await read(lab);
  const from = standing(before);
  assert.ok(from.kind === 'absent' || from.kind === 'settled' || from.kind === 'expired', JSON.stringify(from.kind));
  const change = policy === undefined ? {} : { policy: POLICIES[policy] };
  const texts = stageChange(from, {
    ...change,
    ...(trialSeconds === undefined ? {} : { trialSeconds }),
    alive,
    by: 'alice',
    at: '2026-11-25T20:00:00Z',
    policyHash: 'f'.repeat(64),
  });
  assert.deepEqual(proveChange({ before, ...change, alive, onTrial: trialSeconds !== undefined, texts }), []);
  return texts;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
