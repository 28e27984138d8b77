import type { Origin } from '../../ir/index.ts';
import { type Finding, type FindingKind, finding } from './finding.ts';
import { compareSeverities } from './severity.ts';

/** Somebody's word that a finding is known and accepted, for a time. */
export interface Suppression {
  readonly code: string;
  readonly subject?: string; // only this one; absent: all of the code
  readonly reason: string;
  readonly until: string; // YYYY-MM-DD, the last day, UTC
  readonly origin: Origin;
}

export interface Suppressed {
  readonly finding: Finding;
  readonly by: Suppression;
}

/** What is wrong with suppressions themselves. */
export const SUPPRESSION = {
  suppressionExpired: {
    code: 'A9001',
    severity: 'medium',
    message: (code: string, day: string) => `the suppression of ${code} ended on ${day}`,
    help: () => 'mend the finding, or decide again with a new date',
    explanation: 'A finding was accepted for a time only, and the time is over: it counts again.',
    controls: ['PCI-1.2.7'],
  } satisfies FindingKind<[code: string, day: string]>,
  suppressionIdle: {
    code: 'A9002',
    severity: 'info',
    message: (code: string) => `the suppression of ${code} suppresses nothing`,
    help: () => 'remove it',
    explanation: 'Left where it is, it would hide the finding when it comes back.',
    controls: [],
  } satisfies FindingKind<[code: string]>,
} as const satisfies Readonly<Record<string, FindingKind<never>>>;

/** Takes out what is suppressed on that day; suppressions that are over, or that hit nothing, are findings of their own. */
export function suppress(
  findings: readonly Finding[],
  suppressions: readonly Suppression[],
  today: string,
): { readonly findings: readonly Finding[]; readonly suppressed: readonly Suppressed[] } {
  const valid = suppressions.filter(({ until }) => until >= today);
  const used = new Set<Suppression>();
  const suppressed: Suppressed[] = [];
  const left = findings.filter((each) => {
    const by = valid.find((suppression) => covers(suppression, each));
    if (by === undefined) return true;
    used.add(by);
    suppressed.push({ finding: each, by });
    return false;
  });
  const own = suppressions.flatMap((each): Finding[] => {
    const name = each.subject === undefined ? each.code : `${each.code} for ${each.subject}`;
    const particulars = { subject: name, origins: [each.origin] };
    if (each.until < today) return [finding(SUPPRESSION.suppressionExpired, particulars, name, each.until)];
    return used.has(each) ? [] : [finding(SUPPRESSION.suppressionIdle, particulars, name)];
  });
  return { findings: [...left, ...own].sort((a, b) => compareSeverities(a.severity, b.severity)), suppressed };
}

function covers({ code, subject }: Suppression, finding: Finding): boolean {
  return code === finding.code && (subject === undefined || subject === finding.subject);
}
