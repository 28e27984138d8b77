import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram, run } from '../host/process.ts';
import { type Loaded, loadBy, saidBy } from './loading.ts';
import { ENFORCER_PROBLEMS } from './problems.ts';
import { refusal } from './refusal.ts';

/**
 * The switch of a change with iptables: a list of sets that rules of both families ask (`--match-set portcullis-trial src`). Its members
 * hold every address of their family, and are in the list for the time of a trial only: when the kernel lets them expire, it is as if the
 * rule that asks were not there. See docs/decisions/0008-a-live-host-with-iptables.md.
 *
 * `ipset restore` puts additions to one set that follow each other into one message (lib/ipset.c, `may_aggregate_ad`), and the kernel
 * answers a message without letting go of it (net/netfilter/ipset/ip_set_core.c, `ip_set_ad`): nobody can be killed in between.
 */

const TRIAL = 'portcullis-trial';
const MEMBERS = {
  trial4: 'portcullis-all4', // in the list for the time of a trial
  trial6: 'portcullis-all6',
  kept4: 'portcullis-kept4', // in the list for good: the change was confirmed
  kept6: 'portcullis-kept6',
} as const;

/** Half of all addresses each: a prefix of length 0 is none for `hash:net` (ipset(8)). */
const HALVES = { inet: ['0.0.0.0/1', '128.0.0.0/1'], inet6: ['::/1', '8000::/1'] } as const;

/** What the list holds. */
export type Switch = 'absent' | 'off' | 'kept' | { readonly seconds: number };

/** Makes the switch, off. It fails where there is one already: two changes cannot have it. @param left an older one, off, is taken over */
export function createSwitch(left: boolean): Promise<Loaded> {
  const again = left ? ' -exist' : '';
  return ipset([
    `create ${TRIAL} list:set size 4 timeout 0${again}`,
    ...Object.values(MEMBERS).flatMap((name) => {
      const family = name.endsWith('4') ? 'inet' : 'inet6';
      return [
        `create ${name} hash:net family ${family} -exist`,
        ...HALVES[family].map((half) => `add ${name} ${half} -exist`),
      ];
    }),
  ]);
}

/** On, in both families at once, for the time of a trial. It takes two additions, in one message. */
export function switchOn(seconds: number): Promise<Loaded> {
  return ipset([
    `add ${TRIAL} ${MEMBERS.trial4} timeout ${seconds}`,
    `add ${TRIAL} ${MEMBERS.trial6} timeout ${seconds}`,
  ]);
}

/** On for good, whatever it was before: for a change without a trial. */
export function switchOnForGood(): Promise<Loaded> {
  return ipset([`add ${TRIAL} ${MEMBERS.kept4} timeout 0`, `add ${TRIAL} ${MEMBERS.kept6} timeout 0`]);
}

/** On for good, if a trial runs: a place before a member that has expired is refused (ip_set_list_set.c, `list_set_uadd`). */
export function keepOn(): Promise<Loaded> {
  return ipset([
    `add ${TRIAL} ${MEMBERS.kept4} before ${MEMBERS.trial4} timeout 0`,
    `add ${TRIAL} ${MEMBERS.kept6} timeout 0`,
  ]);
}

/** Whether the kernel can hold a trial, as far as can be told without asking it for one. */
export async function isThere(): Promise<boolean> {
  return findProgram('ipset') !== undefined && (await run('ipset', ['list', '-n'], { ownGroup: true })).exitCode === 0;
}

/** Off, in both families at once; nothing where there is none. */
export async function switchOff(): Promise<Loaded> {
  const done = await loadBy('ipset', ['flush', TRIAL], '');
  return done.kind === 'refused' && isMissing(done.said) ? { kind: 'taken' } : done;
}

/** @throws Refusal where the kernel cannot be asked */
export async function readSwitch(): Promise<Switch> {
  const saved = await savedSwitch();
  if (saved === undefined) return 'absent';
  const members = [...saved.matchAll(/^add \S+ (\S+) timeout (\d+)/gm)];
  const seconds = members.flatMap(([, name, timeout]) => (isTrial(name) ? [Number(timeout)] : []));
  if (members.some(([, name]) => !isTrial(name))) return 'kept';
  return seconds.length === 0 ? 'off' : { seconds: Math.max(...seconds) };
}

/** The list as `ipset save` shows it; `undefined` where there is none. @throws Refusal where the kernel cannot be asked */
export async function savedSwitch(): Promise<string | undefined> {
  if (findProgram('ipset') === undefined) return undefined;
  const done = await run('ipset', ['save', TRIAL], { ownGroup: true });
  if (done.exitCode === 0) return done.stdout;
  if (isMissing(done.stderr)) return undefined;
  throw refusal('machine', ENFORCER_PROBLEMS.kernelUnreadable, `the set \`${TRIAL}\``, saidBy(done));
}

/** All sets as `ipset save` shows them, or why they cannot be shown, in a sentence. */
export async function savedSets(): Promise<{ readonly sets: string } | string> {
  if (findProgram('ipset') === undefined)
    return 'rules of iptables ask sets of addresses, but `ipset` is not installed to read them';
  const done = await run('ipset', ['save'], { timeoutMs: 60_000, maxOutputBytes: 2 ** 30 });
  return done.exitCode === 0 ? { sets: done.stdout } : `\`ipset save\` failed: ${saidBy(done)}`;
}

function isTrial(member: string | undefined): boolean {
  return member === MEMBERS.trial4 || member === MEMBERS.trial6;
}

const RELEASE_MS = 5_000; // the kernel lets go of what deleted rules named some milliseconds later (nf_tables_api.c)
const EVERY_MS = 20;

/** Takes the switch away; no rule may ask for it any more. The list goes first: without it there is no switch. */
export async function removeSwitch(): Promise<Loaded> {
  const until = performance.now() + RELEASE_MS;
  for (const name of [TRIAL, ...Object.values(MEMBERS)]) {
    for (;;) {
      const done = await loadBy('ipset', ['destroy', name], '');
      if (done.kind === 'taken' || (done.kind === 'refused' && isMissing(done.said))) break;
      if (done.kind === 'unclear' || performance.now() > until) return done;
      await sleep(EVERY_MS);
    }
  }
  return { kind: 'taken' };
}

function isMissing(said: string): boolean {
  return said.includes('does not exist');
}

function ipset(lines: readonly string[]): Promise<Loaded> {
  return loadBy('ipset', ['restore'], lines.map((line) => `${line}\n`).join(''));
}
