import type { Person } from './protocol.ts';

/** What is known of a change that is on trial. */
interface Begun {
  readonly meta: { readonly by: Person };
  readonly beganAt: number; // seconds since boot
}

/**
 * Why a confirmation from here would not show that one can still get in; `undefined` where it does. A session shows it that began
 * after the change: its first packet met the new rules. Who began a change over SSH must come back over SSH.
 */
export function whyNotFresh(by: Person, { meta, beganAt }: Begun): string | undefined {
  if (by.startedAt === undefined) return 'when it began is not known';
  if (by.startedAt <= beganAt) return 'it was open before the change';
  if (meta.by.session === undefined) return undefined;
  if (by.session === undefined) return 'it is no SSH session, and the change was begun in one';
  return by.session === meta.by.session ? 'it is the one that the change was begun in' : undefined;
}
