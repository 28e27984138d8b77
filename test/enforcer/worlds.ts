import type { ChangeTexts, HostSnapshot, PersistedFiles } from '../../src/enforcer/index.ts';
import type { Isolation } from '../../src/host/index.ts';
import { BACKENDS, openConfirmed } from './iptables-place.ts';
import * as xt from './iptables-texts.ts';
import { Place } from './place.ts';
import * as nft from './texts.ts';

/** What faults are played on: a machine that enforces the old policy by one of the mechanisms, and what changes it there. */
export interface World {
  readonly open: (isolation: Isolation, which: number) => Promise<Place>; // the old policy is confirmed as change 1
  readonly texts: (trialSeconds: number | undefined) => ChangeTexts; // from the old policy to the new one
  readonly persisted: (port: number) => PersistedFiles;
  readonly remember: string; // a script, of our own words only, that keeps the rules as they are in the beginning
  readonly reset: string; // one that puts them back, never open
  readonly residue: (snapshot: HostSnapshot) => readonly string[]; // what should not be left of a change
  readonly concerns: RegExp; // steps of which each is played
  readonly others: number; // of the other steps, one in so many
  readonly partedMs: number; // how long the families may be apart
  readonly keeper?: RegExp; // the process that keeps the time of a trial, by its command line; absent: the kernel does
}

export const NFTABLES: World = {
  async open(isolation) {
    const place = await Place.open(isolation);
    await place.checked('mkdir', ['-p', '/run/systemd/system']);
    const first = await place.begin({ texts: nft.atOnceTexts(nft.OLD_PORT), persist: nft.persisted(nft.OLD_PORT) });
    if (first.reply?.ok !== true) throw new Error(`no beginning: ${JSON.stringify(first)}`);
    return place;
  },
  texts: (seconds) => (seconds === undefined ? nft.atOnceTexts(nft.NEW_PORT) : nft.replaceTexts(nft.NEW_PORT, seconds)),
  persisted: nft.persisted,
  remember: '',
  reset: '{ echo flush ruleset; cat /var/lib/portcullis/current/ruleset.nft; } | nft -f -',
  residue: ({ ruleset }) => (ruleset.includes('"trial"') ? ['the set `trial` is left in the kernel'] : []),
  concerns: /^start nft/,
  others: 2,
  partedMs: 0,
};

/**
 * Machines of both kinds of iptables in turn. The table as a whole is replaced in one transaction; the sets can go when no rule asks for
 * them, a moment later.
 */
export const IPTABLES: World = {
  open: (isolation, which) => openConfirmed(isolation, BACKENDS[which % 2] ?? 'nft'),
  texts: () => xt.replaceTexts(nft.NEW_PORT),
  persisted: xt.persisted,
  remember: `iptables-save -t filter > /run/place/rules.v4
ip6tables-save -t filter > /run/place/rules.v6
`,
  reset: `iptables-restore -w 10 /run/place/rules.v4
ip6tables-restore -w 10 /run/place/rules.v6
for set in $(ipset list -n); do
  for wait in 1 2 3 4 5 6 7 8 9 10; do ipset destroy "$set" 2> /run/place/said && break; sleep 0.02; done
done
`,
  residue: ({ trialSet, iptables: tables }) => [
    ...(trialSet === undefined ? [] : ['the set `portcullis-trial` is left in the kernel']),
    ...tables.flatMap(({ family, text }) => {
      const slots = new Set([...text.matchAll(/^:PC-([a-z])-/gm)].map(([, slot]) => slot));
      return slots.size === 1 ? [] : [`IPv${family} holds the slots ${[...slots].join(', ')}`];
    }),
  ],
  concerns: /^start (?:ip6?tables-restore|ipset (?:restore|flush|destroy))/,
  others: 4,
  partedMs: 0,
};

/** Without `ipset`: a process keeps the trial, and loads one family right after the other. */
export const WATCHED: World = {
  ...IPTABLES,
  texts: () => xt.watchedTexts(nft.NEW_PORT),
  residue: (snapshot) => [
    ...IPTABLES.residue(snapshot),
    ...snapshot.iptables.flatMap(({ text }) => text.match(/^:PC-(?:trial|on|kept) /gm) ?? []),
  ],
  concerns: /^start (?:ip6?tables-restore|node)/,
  partedMs: 1_000,
  keeper: /keeper-main/,
};
