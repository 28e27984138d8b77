import { all, any, type Effect, everything, field, type Match } from '../../ir/index.ts';
import { PORT_PROTOCOLS } from '../../net/index.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import { type Goal, type Known, statusCases, translationDoubt } from '../netfilter/translation.ts';
import type * as nft from './ast.ts';
import { DATATYPES } from './datatype.ts';
import type { ChainContext } from './lift-context.ts';
import { keyParts } from './lift-key.ts';
import { elementMatch } from './lift-match.ts';
import { mapElements } from './lift-set.ts';
import { addressOf, numberOf } from './lift-value.ts';

/** One thing that a translation may do: under this condition, these effects. The cases exclude each other. */
export interface NatCase {
  readonly when: Match;
  readonly effects: readonly Effect[];
  readonly uncertain?: string; // why it is not known where the packet goes, where a later rule asks for that
}

const FAMILY = { ip: 4, ip6: 6 } as const;

/** What `dnat`, `snat`, `redirect` and `masquerade` do to the first packet of a connection. It is accepted in their chain then. */
export function natCases(statement: nft.NatStatement, context: ChainContext): NatCase[] {
  const { type, address, port, flags } = statement;
  const side = type === 'dnat' || type === 'redirect' ? 'dst' : 'src';
  const guard = familyGuard(statement, context);
  const cases = casesOf(side, context);
  const mapped = address?.kind === 'map' ? address : port?.kind === 'map' ? port : undefined;
  if (mapped !== undefined && !flags.includes('netmap') && !flags.includes('prefix')) {
    return mappedCases(mapped, statement, guard, cases, context);
  }
  const constantAddress = address === undefined ? undefined : addressOf(address);
  const constantPort = port === undefined ? undefined : portOf(port);
  const hasOwnAddress = type === 'redirect' || type === 'masquerade'; // the machine's own, whichever that is
  const addressKnown = !hasOwnAddress && (address === undefined) === (constantAddress === undefined);
  const portKnown = (port === undefined) === (constantPort === undefined);
  return cases(guard, goalOf(constantAddress, constantPort), { address: addressKnown, port: portKnown });
}

/** What a translation to somewhere does to the packets that meet a condition. */
type Cases = (when: Match, goal: Goal, known: Known) => NatCase[];

function casesOf(side: 'src' | 'dst', { program, entries }: ChainContext): Cases {
  return (condition, goal, known) => {
    const doubt = translationDoubt(side, known, entries, program);
    const changes = goal.address !== undefined || goal.port !== undefined;
    const translation: readonly Effect[] = changes ? [{ kind: 'translate', side, ...goal }] : [];
    return statusCases(side, goal, known, entries, program).map(({ when, effect, uncertain = doubt }) => ({
      when: all(condition, when),
      effects: [effect, ...translation],
      ...(uncertain === undefined ? {} : { uncertain }),
    }));
  };
}

function mappedCases(
  map: Extract<nft.Expression, { kind: 'map' }>,
  { address, port }: nft.NatStatement,
  guard: Match,
  cases: Cases,
  context: ChainContext,
): NatCase[] {
  const parts = keyParts(map.key, context);
  if (parts.some((part) => part.subject.kind === 'other')) return cases(guard, {}, { address: false, port: false });
  const isPort = address === undefined || address.kind !== 'map';
  return mapElements(map.data, context).flatMap(({ element, isThere = everything }, index) => {
    if (element.key.kind === 'anything' && index > 0) throw new NotUnderstood('it has a target for all other keys');
    const { data } = element;
    const value = data?.kind === 'value' ? data.value : undefined;
    const [first, second] = value?.kind === 'concat' ? value.parts : [value];
    const target = isPort
      ? {
          address: address === undefined ? undefined : addressOf(address),
          port: first === undefined ? undefined : portOf(first),
        }
      : { address: first === undefined ? undefined : addressOf(first), port: portOf(second ?? port) };
    return cases(all(guard, isThere, elementMatch(parts, element.key, context)), goalOf(target.address, target.port), {
      address: isPort || target.address !== undefined,
      port: !isPort || target.port !== undefined,
    });
  });
}

/** `undefined` where it is no constant. */
function portOf(port: nft.Expression | undefined): number | undefined {
  if (port?.kind !== 'number' && port?.kind !== 'word') return undefined;
  return numberOf(port, DATATYPES.inet_service);
}

function goalOf(address: ReturnType<typeof addressOf>, port: number | undefined): Goal {
  return { ...(address === undefined ? {} : { address }), ...(port === undefined ? {} : { port }) };
}

/** `dnat ip to` asks for IPv4, and a port for a protocol that has ports: nft adds both. */
function familyGuard({ family, address, port }: nft.NatStatement, context: ChainContext): Match {
  const own = address === undefined ? undefined : addressOf(address)?.family;
  const said = family === undefined ? own : FAMILY[family];
  const table = context.family === 'ip' ? 4 : context.family === 'ip6' ? 6 : undefined;
  const of = said ?? table;
  return all(
    of === undefined ? everything : field('family', of),
    port === undefined ? everything : any(field('protocol', ...PORT_PROTOCOLS)),
  );
}
