import { PROTOCOLS } from '../../net/index.ts';
import type * as nft from './ast.ts';
import { expressionsOf, partsOf, plainValue } from './lift-implied.ts';

/*
 * Behind `meta nfproto { ipv4, ipv6 }` or `meta l4proto { 1-5, icmp }`, nft 1.0.6 takes every packet for what one of the values says, and reads
 * `ip6 daddr` or `icmp type` of all of them: it asks for the bytes that stand there in other headers (`nft --debug=netlink`; it lists them as
 * `@nh,192,128`). Most such rules it refuses, for another of the values comes last.
 */

type Level = 'network' | 'transport';

/** The values that tell a protocol, as numbers and words. */
interface Protocol {
  readonly level: Level;
  readonly values: readonly (string | number)[];
}

const SELECTORS: Readonly<Record<string, Level>> = {
  'meta nfproto': 'network',
  'meta protocol': 'network',
  'ether type': 'network',
  'ct l3proto': 'network',
  'meta l4proto': 'transport',
  'ip protocol': 'transport',
  'ip6 nexthdr': 'transport',
  'ct protocol': 'transport',
};

const IPV4: Protocol = { level: 'network', values: ['ip', 'ipv4', 2, 0x0800] };
const IPV6: Protocol = { level: 'network', values: ['ip6', 'ipv6', 10, 0x86dd] };

/** Whose header the fields of a protocol belong to. */
const HEADERS: ReadonlyMap<string, readonly Protocol[]> = new Map<string, readonly Protocol[]>([
  ...Object.entries(PROTOCOLS).map(([name, number]) => [name, [transport(name, number)]] as const),
  ['ip', [IPV4]],
  ['ip6', [IPV6]],
  ['icmp', [IPV4, transport('icmp', PROTOCOLS.icmp)]],
  ['igmp', [IPV4, transport('igmp', PROTOCOLS.igmp)]],
  ['icmpv6', [IPV6, transport('icmpv6', 'ipv6-icmp', PROTOCOLS.icmpv6)]],
]);

function transport(...values: readonly (string | number)[]): Protocol {
  return { level: 'transport', values };
}

/** What the statements before one say of a packet's protocol, at each level. */
type Said = Partial<Record<Level, 'one' | readonly (string | number | undefined)[]>>; // or one of these

/** The first statement that lists several protocols, by its position; none, as in nearly all rules: -1. */
export function firstList({ statements }: nft.Rule, family: string): number {
  return statements.findIndex((statement) => isList(statement) && levelOf(statement, family) !== undefined);
}

/** Whether a statement reads a header of which a list before it leaves open whether the packet has it. */
export function readsBeyondList({ statements }: nft.Rule, index: number, family: string): boolean {
  const said: Said = family === 'ip' || family === 'ip6' ? { network: 'one' } : {};
  for (const statement of statements.slice(0, index)) {
    for (const { level } of headersOf(statement)) said[level] ??= 'one';
    const level = levelOf(statement, family);
    if (level === undefined || said[level] === 'one') continue;
    said[level] = isList(statement) ? statement.right.elements.map(({ key }) => plainValue(key)) : 'one';
  }
  return headersOf(statements[index]!).some(({ level, values }) => {
    const told = said[level] ?? 'one';
    return told !== 'one' && values.some((value) => told.includes(value));
  });
}

function headersOf(statement: nft.Statement): readonly Protocol[] {
  const parts = [...expressionsOf(statement), ...furtherExpressions(statement)].flatMap(partsRead);
  return parts.flatMap((part) => (part.kind === 'payload' ? (HEADERS.get(part.protocol) ?? []) : []));
}

/** What no other statement tells anything of packets by. */
function furtherExpressions(statement: nft.Statement): readonly nft.Expression[] {
  switch (statement.kind) {
    case 'nat':
      return [statement.address, statement.port].filter((each) => each !== undefined);
    case 'queue':
      return [statement.number];
    case 'set-update':
      return statement.data === undefined ? [] : [statement.data];
    default:
      return [];
  }
}

/** The parts of an expression, with those of what the kernel reckons from (`jhash ip saddr`). */
function partsRead(expression: nft.Expression): readonly nft.Expression[] {
  return partsOf(expression).flatMap((part) => {
    if (part.kind !== 'computed') return [part];
    return part.key === undefined ? [] : partsRead(part.key);
  });
}

type Match = Extract<nft.Statement, { kind: 'match' }>;
type ListMatch = Match & { readonly right: Extract<nft.SetExpression, { kind: 'set' }> };

/** Of several values, in braces. */
function isList(statement: nft.Statement): statement is ListMatch {
  return (
    statement.kind === 'match' &&
    statement.operator === '==' &&
    statement.right.kind === 'set' &&
    statement.right.elements.length > 1
  );
}

/** At which level an equality tells a protocol. */
function levelOf(statement: nft.Statement, family: string): Level | undefined {
  if (statement.kind !== 'match' || statement.operator !== '==' || statement.right.kind === 'set-reference')
    return undefined;
  const { left } = statement;
  // In tables of both families nft asks for the family once more.
  if (left.kind === 'meta')
    return left.key === 'protocol' && family === 'inet' ? undefined : SELECTORS[`meta ${left.key}`];
  if (left.kind === 'payload') return SELECTORS[`${left.protocol} ${left.field}`];
  return left.kind === 'ct' ? SELECTORS[`ct ${left.key}`] : undefined;
}
