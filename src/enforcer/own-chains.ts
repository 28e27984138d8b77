import type { ForeignCommand } from './own-tables.ts';
import type { WatchedTexts } from './protocol.ts';

/**
 * The chains of iptables that are ours: those that the built-in ones lead to, and those of a policy, by slot. Nothing else is ever written
 * but the jumps to the former (docs/decisions/0008-a-live-host-with-iptables.md).
 */
export const HOOK_CHAINS = {
  INPUT: 'PORTCULLIS-INPUT',
  OUTPUT: 'PORTCULLIS-OUTPUT',
  FORWARD: 'PORTCULLIS-FORWARD',
} as const;

/** What Docker asks first of what it forwards, and leaves to others: where it is, FORWARD leads to ours from there. */
export const DOCKERS_CHAIN = 'DOCKER-USER';

/**
 * Chains without rules that say how far a change has come that a process keeps. They come and go in the transactions that they tell of.
 */
export const MARKS = {
  begun: 'PC-trial', // in both families, from the first text to the last
  on: 'PC-on', // in each family, while packets meet it on trial
  kept: 'PC-kept', // in IPv6, which is tidied last: it was confirmed
} as const;

/** Whether saved rules hold one of them. */
export function isMarked(saved: string): boolean {
  return Object.values(MARKS).some((mark) => saved.includes(`\n:${mark} `));
}

export function isOwnChain(name: string): boolean {
  return Object.values(HOOK_CHAINS).some((own) => own === name) || /^PC-[A-Za-z0-9._-]+$/.test(name);
}

/**
 * What a text for `iptables-restore --noflush` would do beside our own chains, as `foreignCommands` says it of texts for nft. A line may
 * make, empty, fill or take away a chain of ours in the table `filter`; in a text for boot, it may also lead there from a built-in chain.
 */
export function foreignLines(text: string, hooks: 'by us' | 'in the text'): readonly ForeignCommand[] {
  const lines = text.split('\n');
  const found = lines.flatMap((line, index) => {
    const why = objection(line, hooks);
    return why === undefined ? [] : [{ line: index + 1, why }];
  });
  const order = lines.filter((line) => line === '*filter' || line === 'COMMIT').join(' ');
  return order === '*filter COMMIT' || found.length > 0
    ? found
    : [{ line: 1, why: 'it is not one transaction of the table `filter`' }];
}

/** Whether a step holds the rule by which the switch leads to it: without that, nothing would be on trial. */
export function asksSwitch(text: string): boolean {
  return /^-A PORTCULLIS-INPUT -m set --match-set portcullis-trial src (?:-m comment --comment "(?:[^"\\]|\\.)*" )?-[gj] \S+$/m.test(
    text,
  );
}

/** Whether the steps of a change that a process keeps leave their marks, and `begin` nothing that a packet meets. */
export function marksTrial({ begin, on, off, confirm, revert }: WatchedTexts): boolean {
  const makes = (text: string, mark: string): boolean => text.includes(`\n:${mark} - [0:0]\n`);
  const removes = (text: string, mark: string): boolean => text.includes(`\n-X ${mark}\n`);
  return (['v4', 'v6'] as const).every(
    (of) =>
      makes(begin[of], MARKS.begun) &&
      !/^(?::|-A )PORTCULLIS-/m.test(begin[of]) &&
      makes(on[of], MARKS.on) &&
      removes(off[of], MARKS.on) &&
      [confirm, revert].every((step) => Object.values(MARKS).every((mark) => removes(step[of], mark))),
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: no text of ours holds one, and a reader may stop at it
const CONTROL = /[\u0000-\u001f\u007f]/;
const HOOKS = Object.entries(HOOK_CHAINS).map(([builtin, own]) => `-I ${builtin} 1 -j ${own}`);

function objection(line: string, hooks: 'by us' | 'in the text'): string | undefined {
  const shown = `\`${line.slice(0, 80)}\``;
  if (CONTROL.test(line)) return 'it holds a control character';
  if (line === '' || line === '*filter' || line === 'COMMIT' || line.startsWith('#')) return undefined;
  if (hooks === 'in the text' && HOOKS.includes(line)) return undefined;
  const declared = /^:(\S+) - \[0:0\]$/.exec(line)?.[1];
  const [command = '', chain = '', ...rest] = declared === undefined ? words(line) : ['-N', declared];
  if (!['-N', '-A', '-X', '-F'].includes(command)) return `${shown} is no line that we give`;
  if (!isOwnChain(chain)) return `${shown} names no chain of ours`;
  if (command !== '-A') return rest.length === 0 ? undefined : `${shown} goes on after its chain`;
  return ruleObjection(rest, shown);
}

/** A word in quotes is a value whatever it holds; iptables takes a backslash before a quote in it (xshared.c, `add_param_to_argv`). */
function words(line: string): string[] {
  return line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
}

const SHORT = ['-p', '-s', '-d', '-i', '-o', '-m', '-j', '-g', '-f'];

/** Options that are of the command and not of the rule, however much they are shortened (getopt_long(3)). */
const COMMAND_OPTIONS = [
  '--modprobe',
  '--table',
  '--help',
  '--version',
  '--append',
  '--insert',
  '--delete',
  '--replace',
  '--flush',
  '--policy',
];

function ruleObjection(rest: readonly string[], shown: string): string | undefined {
  for (const [index, word] of rest.entries()) {
    if (/["']/.test(word) && !/^"(?:[^"\\]|\\.)*"$/.test(word)) return `${shown} has a quote within a word`;
    if (word.startsWith('"-')) return `${shown} has an option in quotes`; // iptables takes the quotes off
    if (!word.startsWith('-') || /^-\d+$/.test(word)) continue;
    const isShort = !word.startsWith('--');
    if (isShort && !SHORT.includes(word)) return `${shown} has the option \`${word.slice(0, 20)}\``;
    const name = word.split('=')[0] ?? word;
    if (!isShort && COMMAND_OPTIONS.some((option) => option.startsWith(name)))
      return `${shown} has the option \`${word.slice(0, 20)}\``;
    if ((word === '-j' || word === '-g') && !TARGETS.test(rest[index + 1] ?? ''))
      return `${shown} leads elsewhere than to a verdict or a chain of ours`;
  }
  return undefined;
}

/** Verdicts, logs, and chains of ours: nothing that changes a packet, a set of others, or where a packet goes. */
const TARGETS = /^(?:ACCEPT|DROP|REJECT|RETURN|LOG|NFLOG|PC-[A-Za-z0-9._-]+)$/;
