import type { Intent } from '../ir/index.ts';
import type { Surroundings } from './connection.ts';
import { HostListing, type HostRules } from './host-rules.ts';
import { type HostNeeds, lostNeeds, type NeedLost } from './needs.ts';
import { repairedIntent } from './repair.ts';
import { type AdminSession, type ListeningSocket, sessionName } from './session.ts';
import { type Found, type ProvenPath, pathContext, type Refusal, sessionPaths } from './session-paths.ts';
import { wayIn } from './way-in.ts';

export interface PreflightInput {
  readonly around: Surroundings;
  readonly before: HostRules;
  readonly after: HostRules;
  readonly intent: Intent; // repairs are written in its words, under names that it does not use yet
  readonly sessions: readonly AdminSession[];
  readonly listeners: readonly ListeningSocket[];
  readonly needs: HostNeeds;
  readonly yesCut: readonly string[]; // names of sessions whose loss is meant
  readonly console: boolean; // somebody sits at the machine's console, and needs no network to get in
}

export interface Preflight {
  readonly ok: boolean; // nothing is refused
  readonly proven: readonly ProvenPath[];
  readonly refused: readonly Refusal[];
  readonly waived: readonly Refusal[]; // would be refused, had nobody said otherwise
  readonly warnings: readonly NeedLost[];
  readonly unknownNames: readonly string[]; // of `yesCut`: there is no such session
}

/**
 * Whether whoever administers this machine now can still do so under the new rules, all tables together: each session goes on, its
 * answers go out, and its client can log in anew. What cannot be known counts as not proven.
 */
export function preflight(input: PreflightInput): Preflight {
  const { around, before, after, intent, sessions, listeners, yesCut } = input;
  const context = pathContext(around, intent, listeners, after);
  const found: readonly Found[] = [
    ...sessions.flatMap((session) => sessionPaths(session, context)),
    ...(sessions.length === 0 && !input.console ? wayIn(after, around, listeners) : []),
  ];
  const failed = withProvenRepairs(
    found.flatMap((each) => ('refusal' in each ? [each.refusal] : [])),
    input,
  );
  const isWaived = ({ subject }: Refusal): boolean => yesCut.includes(subject);
  const refused = failed.filter((each) => !isWaived(each));
  const names = new Set(sessions.map(sessionName));
  return {
    ok: refused.length === 0,
    proven: found.flatMap((each) => ('proven' in each ? [each.proven] : [])),
    refused,
    waived: failed.filter(isWaived),
    warnings: lostNeeds(input.needs, before, after, around, intent),
    unknownNames: yesCut.filter((name) => !names.has(name)),
  };
}

/** A repair that would not help, because another table has a part in it, is not offered. */
function withProvenRepairs(
  failed: readonly Refusal[],
  { around, intent, listeners, sessions }: PreflightInput,
): readonly Refusal[] {
  const repairs = failed.flatMap(({ repair }) => repair ?? []);
  if (repairs.length === 0) return failed;
  const repaired = repairedIntent(intent, repairs);
  const context = pathContext(
    around,
    repaired,
    listeners,
    around.listing.withOurs(HostListing.of(repaired, around.listing.mechanism)),
  );
  const helped = new Set(
    sessions
      .flatMap((session) => sessionPaths(session, context))
      .flatMap((each) => ('proven' in each ? [`${each.proven.subject} ${each.proven.what}`] : [])),
  );
  return failed.map(({ repair, ...refusal }) =>
    repair !== undefined && helped.has(`${refusal.subject} ${refusal.what}`) ? { ...refusal, repair } : refusal,
  );
}
