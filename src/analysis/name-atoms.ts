import { any, type Match, type NameGroup, type Ruleset, rewriteMatches, symbol } from '../ir/index.ts';
import { type DnsPattern, formatDnsPattern } from '../net/index.ts';

/**
 * Two policies may give one zone different names, or one name to different zones: their symbols cannot be compared as
 * they are. So both rulesets are written in terms of the names themselves, cut into atoms: the pattern `*.discord.gg` of one
 * policy and the name `gateway.discord.gg` of the other become two atoms, the name, and what else the pattern stands for.
 */
export function byNames(ruleset: Ruleset, own: readonly NameGroup[], all: readonly NameGroup[]): Ruleset {
  const patterns = all.flatMap((group) => group.patterns);
  const atoms = new Map(
    own.map((group) => [
      group.key,
      [
        ...new Set(
          patterns.filter((pattern) => group.patterns.some((outer) => covers(outer, pattern))).map(formatDnsPattern),
        ),
      ],
    ]),
  );
  return rewriteMatches(ruleset, (match) => matchByNames(match, atoms));
}

/** Whether every name of the second pattern is one of the first. */
function covers(outer: DnsPattern, inner: DnsPattern): boolean {
  if (!outer.wildcard) return !inner.wildcard && outer.name === inner.name;
  return inner.name.endsWith(`.${outer.name}`) || (inner.wildcard && inner.name === outer.name);
}

function matchByNames(match: Match, atoms: ReadonlyMap<string, readonly string[]>): Match {
  switch (match.kind) {
    case 'all':
    case 'any':
      return { ...match, of: match.of.map((part) => matchByNames(part, atoms)) };
    case 'not':
      return { ...match, of: matchByNames(match.of, atoms) };
    case 'symbol': {
      const { kind } = match.symbol;
      if (kind !== 'asked' && kind !== 'member') return match;
      const names = atoms.get(match.symbol.group);
      return names === undefined ? match : any(...names.map((group) => symbol({ kind, group })));
    }
    default:
      return match;
  }
}
