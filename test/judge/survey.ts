import { BASE_KINDS } from './generate/bases.ts';
import type { RulesetDraft } from './generate/draft.ts';
import { FEATURES, type Feature } from './generate/features.ts';
import { baseSpecimen, type Ingredients, specimen } from './generate/ruleset.ts';
import { draftText, STYLES, type Style } from './generate/styles.ts';
import { Random } from './random.ts';
import { readRuleset } from './read.ts';

/** Which constructs of nft's language our reader takes, asked of the reader itself, so that the suite grows with it. */
export interface Survey extends Ingredients {
  readonly refused: readonly Asked[];
  readonly bothSides: readonly Asked[]; // taken, but what they decide nobody can know: the kernel's word must be one of two
  readonly leftOut: typeof LEFT_OUT;
}

interface Asked {
  readonly construct: string;
  readonly example: string;
}

const SPECIMENS = 4; // of each construct: it is taken when all are

/** What nft's language has and no random ruleset: each with the reason. */
export const LEFT_OUT = {
  flowtable: 'the kernel of the lab has none; only later packets of a connection take that way',
  queue: 'the kernel of the lab has no nft queue; what a program decides there nobody knows: both sides',
  'dup, fwd, tproxy, synproxy':
    'they take packets out of the way that the recorder watches: the kernel has no word on them here',
  'rules of bridge tables':
    'they decide about frames between the ports of a bridge, and the world has none; a bridge table that drops all stands beside others',
  'rules of arp tables':
    'they decide about ARP, not about IP, and all neighbours are known; an arp table that drops all stands beside others',
  'ct in netdev tables': 'the kernel refuses it: connections belong to the IP families',
  'ct helpers, time-outs, expectations, zones':
    'they matter to later packets of a connection, or make several worlds of connections',
  'vlan, meta ibrname, iifgroup, rtclassid, ipsec, socket, osf, exthdr, tcp option':
    'no packet of the world has any of it; the reader calls most of them unknown',
} as const;

export function surveyReader(): Survey {
  const [refused, bothSides]: [Asked[], Asked[]] = [[], []];
  const takes = (construct: string, make: (random: Random) => RulesetDraft): boolean => {
    for (let index = 0; index < SPECIMENS; index++) {
      const reading = readRuleset('specimen', draftText(make(new Random(index, construct.length))));
      const problems = reading.kind === 'refused' ? reading.constructs : reading.doubts;
      if (problems.length === 0) continue;
      const taken = reading.kind === 'understood' && reading.notUnderstood.size === 0;
      (taken ? bothSides : refused).push({ construct, example: problems[0] ?? '' });
      return taken;
    }
    return true;
  };
  const features: readonly Feature[] = FEATURES.filter((feature) =>
    takes(feature.name, (random) => specimen(random, feature)),
  );
  const input = BASE_KINDS.find(({ hook }) => hook === 'input');
  const styles: readonly Style[] = STYLES.filter(
    (style) => input !== undefined && takes(`written in ${style}`, (random) => baseSpecimen(random, input, style)),
  );
  const bases = BASE_KINDS.filter((kind) =>
    takes(`${kind.type} chain at ${kind.hook}`, (random) => baseSpecimen(random, kind, 'blocks')),
  );
  return { features, styles, bases, refused, bothSides, leftOut: LEFT_OUT };
}
