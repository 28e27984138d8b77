import type { Happening } from './place.ts';

/** What is asked of the enforcer while something happens to it. */
export const OPERATIONS = ['begin', 'confirm', 'revert', 'at once', 'reap'] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface FaultCase {
  readonly operation: Operation;
  readonly step: number; // from 1
  readonly name: string; // of the step
  readonly happening: Happening;
  readonly reboots: boolean; // whether the machine is switched off and on afterwards, before anything else is asked
}

const KILLED: Happening = { kind: 'signal', signal: 'SIGKILL', group: false };
const FROZEN: Happening = { kind: 'signal', signal: 'SIGSTOP', group: false };
const INTERRUPTED: Happening = { kind: 'signal', signal: 'SIGINT', group: true };
const HUNG_UP: Happening = { kind: 'signal', signal: 'SIGHUP', group: true }; // the terminal is gone
const ANYWHERE: readonly Happening[] = [FROZEN, INTERRUPTED, HUNG_UP];

const AT_FILES: readonly Happening[] = [
  { kind: 'error', code: 'ENOSPC', onwards: true },
  { kind: 'error', code: 'EROFS', onwards: true },
  { kind: 'error', code: 'EIO', onwards: false },
];
const AT_STARTS: readonly Happening[] = (['fails', 'dies before', 'dies after'] as const).map((how) => ({
  kind: 'tool',
  how,
}));

/**
 * Everything that can happen, at every step. Without `all`: death at every step but in the middle of writing a file, one of the
 * others in turn, and every way in which a program can fail, so that each step meets two or more.
 */
export function casesFor(operation: Operation, steps: readonly string[], all: boolean): readonly FaultCase[] {
  return steps.flatMap((name, index) => {
    if (!all && (name === 'write' || name === 'fsync')) return [];
    const isStart = name.startsWith('start ');
    const isFile = !isStart && !name.startsWith('end ');
    const tools = isStart && !/^start (?:flock|node)/.test(name) ? AT_STARTS : [];
    const others = [...ANYWHERE, ...(isFile ? AT_FILES : [])];
    const chosen = all ? others : [others[index % others.length]!];
    return [KILLED, ...chosen, ...tools].map((happening, which) => ({
      operation,
      step: index + 1,
      name,
      happening,
      reboots: (index + which) % 2 === 1,
    }));
  });
}

export function described({ operation, step, name, happening }: FaultCase): string {
  return `${operation}, step ${step} (${name}): ${whatHappens(happening)}`;
}

export function whatHappens(happening: Happening): string {
  switch (happening.kind) {
    case 'signal':
      return happening.signal;
    case 'error':
      return `${happening.code}${happening.onwards ? ' from here on' : ''}`;
    case 'tool':
      return `the program ${happening.how}`;
  }
}
