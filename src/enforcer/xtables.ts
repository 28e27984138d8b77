import { findProgram, run } from '../host/process.ts';
import { sha256 } from './ledger.ts';
import { type Loaded, loadBy, saidBy } from './loading.ts';
import { DOCKERS_CHAIN, HOOK_CHAINS, isOwnChain, MARKS } from './own-chains.ts';
import { ENFORCER_PROBLEMS } from './problems.ts';
import type { IptablesStep, TrialHolder } from './protocol.ts';
import { refusal } from './refusal.ts';

/** All that is said to the kernel by iptables, and read by it. Whichever half of the kernel the machine's own `iptables` stands for. */

const FAMILIES = [
  { of: 'v4', save: 'iptables-save', restore: 'iptables-restore' },
  { of: 'v6', save: 'ip6tables-save', restore: 'ip6tables-restore' },
] as const;

/**
 * Seconds for which another program's lock is waited for (iptables(8), `-w`); only iptables-legacy has one. Without a number, `-w` would take
 * the next word for one, be it the file, and load nothing.
 */
export const LOCK_SECONDS = '10';

/**
 * Loads a step, one family right after the other. Each is taken whole or not at all; it stops at the first that is not.
 * @param apart see `loadBy`; @throws Refusal, MachineError
 */
export async function loadStep(step: IptablesStep, apart = true): Promise<Loaded> {
  const standing = { v4: await saved('iptables-save'), v6: await saved('ip6tables-save') };
  for (const { of, restore } of FAMILIES) {
    const loaded = await loadInto(restore, withHooks(step[of], standing[of], step.hooked), apart);
    if (loaded.kind !== 'taken') return loaded;
  }
  return { kind: 'taken' };
}

function loadInto(restore: string, text: string, apart: boolean): Promise<Loaded> {
  return loadBy(restore, ['--noflush', '-w', LOCK_SECONDS], text, apart);
}

/** Marks a change that a process keeps as confirmed: one transaction, which decides. */
export function markKept(apart = true): Promise<Loaded> {
  return loadInto('ip6tables-restore', `*filter\n:${MARKS.kept} - [0:0]\nCOMMIT\n`, apart);
}

/** Which marks stand of a change that a process keeps; `on`: in one family at least. */
export async function readMarks(): Promise<Readonly<Record<keyof typeof MARKS, boolean>>> {
  const both = [await saved('iptables-save'), await saved('ip6tables-save')];
  const stands = (mark: string): boolean => both.some((text) => text.includes(`\n:${mark} `));
  return { begun: stands(MARKS.begun), on: stands(MARKS.on), kept: stands(MARKS.kept) };
}

/** A chain that packets meet now and that a step would replace, as if it were not there: then somebody did not know what stands. */
export async function inUse(step: IptablesStep): Promise<string | undefined> {
  for (const { of, save } of FAMILIES) {
    const frames = (await saved(save)).split('\n').filter((line) => /^-A PORTCULLIS-/.test(line));
    const led = frames.flatMap((line) =>
      line.includes('--match-set portcullis-trial') ? [] : (/ -g (PC-\S+)$/.exec(line)?.[1] ?? []),
    );
    const replaced = led.find((chain) => step[of].includes(`\n:${chain} `));
    if (replaced !== undefined) return replaced;
  }
  return undefined;
}

/** The lines by which the built-in chains lead to ours exactly once, or not at all, go into the same transaction. */
function withHooks(text: string, standing: string, hooked: boolean): string {
  const rules = standing.split('\n');
  const hooks = Object.entries(HOOK_CHAINS).flatMap(([builtin, own]) => {
    const [place = builtin, ...others] = hookPlaces(builtin, rules);
    const found = [place, ...others].flatMap((each) => rules.filter((line) => line === `-A ${each} -j ${own}`));
    const gone = found.map((line) => line.replace('-A', '-D'));
    return hooked ? (found.length === 1 ? [] : [...gone, `-I ${place} 1 -j ${own}`]) : gone;
  });
  const lines = text.split('\n');
  // What leads to a chain has to be there after it is made, and gone before it is taken away.
  const at = lines.findIndex((line) => /^-[AX]/.test(line) || line === 'COMMIT');
  return [...lines.slice(0, at), ...hooks, ...lines.slice(at)].join('\n');
}

/**
 * Where a hook may be, the place for a new one first. Docker leads FORWARD to DOCKER-USER before all else, and leaves that chain to others;
 * behind what Docker lets through, a hook would come too late.
 */
function hookPlaces(builtin: string, rules: readonly string[]): readonly string[] {
  if (builtin !== 'FORWARD') return [builtin];
  const isDockers = rules.find((line) => line.startsWith('-A FORWARD ')) === `-A FORWARD -j ${DOCKERS_CHAIN}`;
  return isDockers ? [DOCKERS_CHAIN, builtin] : [builtin, DOCKERS_CHAIN];
}

/** A checksum of our chains and what leads to them, to tell whether an interrupted step was taken; `undefined` where there are none. */
export async function ownChainsChecksum(): Promise<string | undefined> {
  const own: string[] = [];
  for (const { of, save } of FAMILIES) {
    for (const line of (await saved(save)).split('\n')) {
      const [, chain = '', target = ''] = /^(?::|-A )(\S+)(?: -j (\S+)$)?/.exec(line) ?? [];
      if (isOwnChain(chain) || isOwnChain(target)) own.push(`${of} ${line.replace(/ \[\d+:\d+\]$/, '')}`);
    }
  }
  return own.length === 0 ? undefined : sha256(own.join('\n'));
}

/** What a rule of ours says of the change on trial: the comment of the switch, or of the rule that a process has put first. */
export async function trialComment(heldBy: TrialHolder): Promise<string> {
  const sign = heldBy === 'kernel' ? '--match-set portcullis-trial' : '-A PORTCULLIS-INPUT ';
  const rule = (await saved('iptables-save')).split('\n').find((line) => line.includes(sign));
  return /--comment "((?:[^"\\]|\\.)*)"/.exec(rule ?? '')?.[1]?.replaceAll('\\"', '"') ?? '';
}

async function saved(program: string): Promise<string> {
  const done = await run(program, ['-t', 'filter'], { timeoutMs: 60_000, maxOutputBytes: 2 ** 30, ownGroup: true });
  if (done.exitCode === 0) return done.stdout;
  throw refusal('machine', ENFORCER_PROBLEMS.kernelUnreadable, 'the rules of iptables', saidBy(done));
}

/** Whether the programs are there that every change with iptables takes; otherwise what is missing. */
export function missingProgram(): string | undefined {
  return FAMILIES.flatMap(({ save, restore }) => [save, restore]).find((program) => findProgram(program) === undefined);
}
