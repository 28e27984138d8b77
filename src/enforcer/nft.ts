import { findProgram, run } from '../host/process.ts';
import { sha256 } from './ledger.ts';
import { listingLimits } from './listing-limits.ts';
import { type Loaded, loadBy, saidBy } from './loading.ts';
import { ENFORCER_PROBLEMS } from './problems.ts';
import { refusal } from './refusal.ts';
import type { Trial } from './trial.ts';

/** All that is said to the kernel, and read from it: by `nft`, with argument lists and standard input, bounded in time. */

const LIST_TIMEOUT_MS = 60_000; // 100,000 elements take 2.3 s to list on a quiet machine
const MOST_OUTPUT = 2 ** 30; // bytes

/** Gives a text to the kernel as one transaction. @throws MachineError where `nft` is missing */
export function load(text: string): Promise<Loaded> {
  return loadBy('nft', ['-f', '-'], text);
}

const END_TRIAL = 'delete element inet portcullis trial { ipv4, ipv6 }\n';

/** Ends a trial and nothing else. */
export async function endTrial(): Promise<void> {
  await load(END_TRIAL);
}

/** A machine may have iptables alone; without either, whoever asks is told to install `nft`. */
export function isThere(): boolean {
  return findProgram('nft') !== undefined || findProgram('iptables-save') === undefined;
}

/** The whole ruleset as `nft -j` lists it, and what that does not say, in sentences. @throws Refusal */
export async function listRuleset(): Promise<{ readonly ruleset: string; readonly limits: readonly string[] }> {
  const [listed, bytecode] = await Promise.all([
    listing(['-j', 'list', 'ruleset']),
    listing(['--debug=netlink', '-t', 'list', 'ruleset']),
  ]);
  const { stdout, said } = listed;
  if (stdout === undefined) throw refusal('machine', ENFORCER_PROBLEMS.kernelUnreadable, 'the ruleset', said);
  return { ruleset: stdout, limits: listingLimits({ json: stdout, said, bytecode: bytecode.stdout }) };
}

/** The same as text, with handles: it tells what JSON hides as `xt`. @throws Refusal */
export async function listRulesetAsText(): Promise<string> {
  return list('the ruleset', ['-a', 'list', 'ruleset']);
}

/** The whole ruleset without the elements of sets, as JSON. @throws Refusal */
export async function terseRuleset(): Promise<string> {
  return list('the ruleset', ['-t', '-j', 'list', 'ruleset']);
}

/**
 * A checksum of our table with all elements that a text of ours gave it, to tell whether an interrupted transaction was
 * taken; `undefined` where there is no such table.
 */
export async function ownChecksum(): Promise<string | undefined> {
  const listed = await listOwn(['-j', 'list', 'table', 'inet', 'portcullis']);
  return listed === undefined ? undefined : sha256(withoutState(listed));
}

export async function readTrial(): Promise<Trial> {
  const listed = await listOwn(['-j', 'list', 'set', 'inet', 'portcullis', 'trial']);
  if (listed === undefined) return { kind: 'none' };
  const set = objectsOf(JSON.parse(listed)).find((each) => isRecord(each.set))?.set;
  if (!isRecord(set))
    throw refusal('machine', ENFORCER_PROBLEMS.kernelUnreadable, 'the set `trial`', 'no set was listed');
  const comment = typeof set.comment === 'string' ? set.comment : '';
  const elements = Array.isArray(set.elem) ? set.elem : [];
  if (elements.length === 0) return { kind: 'expired', comment };
  // Both families got their time in one transaction; where they differ by a tick, the later one counts.
  const remainingSeconds = Math.max(
    ...elements.map((each: unknown) =>
      isRecord(each) && isRecord(each.elem) && typeof each.elem.expires === 'number' ? each.elem.expires : 0,
    ),
  );
  return { kind: 'running', remainingSeconds, comment };
}

async function list(what: string, args: readonly string[]): Promise<string> {
  const listed = await listing(args);
  if (listed.stdout === undefined) throw refusal('machine', ENFORCER_PROBLEMS.kernelUnreadable, what, listed.said);
  return listed.stdout;
}

/** Of something that need not be there. */
async function listOwn(args: readonly string[]): Promise<string | undefined> {
  const listed = await listing(args);
  if (listed.stdout === undefined && !listed.said.includes('No such file or directory')) {
    throw refusal('machine', ENFORCER_PROBLEMS.kernelUnreadable, 'our table', listed.said);
  }
  return listed.stdout;
}

/** What nft lists, and what it says beside; no listing where it failed. */
async function listing(args: readonly string[]): Promise<{ readonly stdout?: string; readonly said: string }> {
  const options = { timeoutMs: LIST_TIMEOUT_MS, maxOutputBytes: MOST_OUTPUT, ownGroup: true };
  const { exitCode, stdout, stderr } = await run('nft', args, options);
  if (exitCode === 0) return { stdout, said: stderr };
  return { said: saidBy({ stderr, exitCode }) };
}

type Json = Readonly<Record<string, unknown>>;

/** Keys whose values the packets or the kernel set: counters, quotas, `last`, handles (libnftables-json(5)). */
const STATE = new Set(['handle', 'packets', 'bytes', 'used', 'expires']);

/** What of a listing packets and the kernel do not change. */
export function withoutState(listed: string): string {
  const objects = objectsOf(JSON.parse(listed)).filter((each) => !Object.hasOwn(each, 'metainfo'));
  return JSON.stringify(objects.map(withoutLearned), (key, value: unknown) => (STATE.has(key) ? undefined : value));
}

/** Sets with a time-out or filled by packets hold what was learned. */
function withoutLearned(object: Json): Json {
  const [kind = '', set] = Object.entries(object)[0] ?? [];
  if (!isRecord(set)) return object;
  if (kind === 'set' && isOfContainers(set.name)) return { [kind]: { ...set, elem: [] } };
  if (!Array.isArray(set.flags)) return object;
  const learns = set.flags.includes('timeout') || set.flags.includes('dynamic');
  return learns ? { [kind]: { ...set, elem: [] } } : object;
}

/** Who is in a zone of containers, which `docker watch` keeps while rules stand; in whichever slot. */
function isOfContainers(name: unknown): boolean {
  return typeof name === 'string' && /^(?:[ab]\/)?containers[46]-/.test(name);
}

function objectsOf(listed: unknown): readonly Json[] {
  return isRecord(listed) && Array.isArray(listed.nftables) ? listed.nftables.filter(isRecord) : [];
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
