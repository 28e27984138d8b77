import { type Field, HOOKS, type Hook, type Match } from '../../ir/index.ts';
import { type Family, PORT_PROTOCOLS, PROTOCOLS, protocolName } from '../../net/index.ts';
import { Conjunction, inRanges } from '../netfilter/conjunction.ts';
import { type Atom, normalForm, Unwritable } from '../netfilter/normal-form.ts';
import type { Statement } from './ast.ts';
import * as build from './build.ts';

/**
 * Any match as rules: for each of them the statements that all must hold, at one hook.
 */
export function lowerMatch(match: Match, hook: Hook): Statement[][] {
  return normalForm(match, true).flatMap((atoms) => conjunction(atoms, hook));
}

function conjunction(atoms: readonly Atom[], hook: Hook): Statement[][] {
  const said = new Conjunction(atoms);
  const hooks = said.values('hook');
  if (hooks !== undefined && !inRanges(hooks, HOOKS.indexOf(hook))) return [];
  if (said.values('dstAccount') !== undefined) throw new Unwritable('the account that will receive a packet');
  if (!needsFamilies(said)) return [rest(said, undefined)].flatMap((parts) => withInterfaces(said, parts));
  return [...said.families].flatMap((family) => withInterfaces(said, rest(said, family)));
}

/** Whether the two families need rules of their own. */
function needsFamilies(said: Conjunction): boolean {
  const fields: readonly Field[] = ['family', 'icmpType', 'icmpCode'];
  if (fields.some((field) => said.values(field) !== undefined)) return true;
  return (['src', 'dst'] as const).some((side) => said.addresses(side, 4) !== undefined);
}

/** The statements but for interfaces; `undefined` where nothing can match. */
function rest(said: Conjunction, family: Family | undefined): Statement[] | undefined {
  const transport =
    family === undefined ? transportStatements(said) : (icmpStatements(said, family) ?? transportStatements(said));
  const addresses = family === undefined ? [] : addressStatements(said, family);
  if (transport === undefined || addresses === undefined) return undefined;
  const implied = addresses.length > 0 || isIcmp(said);
  const familyStatement =
    family === undefined || implied ? [] : [build.equals(build.NFPROTO, build.familyConstant(family))];
  const parts = [...familyStatement, ...stateStatements(said), ...addresses, ...transport];
  const impossible = (['state', 'srcAccount', 'srcType', 'dstType', 'tcpFlags'] as const).some(
    (field) => said.values(field)?.length === 0,
  );
  return impossible ? undefined : parts;
}

function withInterfaces(said: Conjunction, parts: readonly Statement[] | undefined): Statement[][] {
  if (parts === undefined) return [];
  let rules: Statement[][] = [[]];
  for (const atom of said.interfaces()) {
    const selector = { kind: 'meta', key: atom.side === 'in' ? 'iifname' : 'oifname' } as const;
    const words = atom.names.map(build.interfaceWord);
    // An exact name inside a wildcard's interval would be refused in one set, so wildcards stand alone.
    const together = atom.names.every((name) => !name.wildcard);
    if (atom.negated) {
      const tests = words.map((each) => build.equals(selector, each, '!='));
      rules = rules.map((before) => [...before, ...tests]);
    } else if (together && words.length > 0) {
      rules = rules.map((before) => [...before, build.equals(selector, build.anyOf(words))]);
    } else {
      rules = rules.flatMap((before) => words.map((each) => [...before, build.equals(selector, each)]));
    }
  }
  return rules.map((before) => [...before, ...parts]);
}

function stateStatements(said: Conjunction): Statement[] {
  const statements: Statement[] = [];
  const state = said.values('state');
  if (state !== undefined && state.length > 0) {
    const bits = build.enumerate(state);
    statements.push(build.equals(build.CT_STATE, build.states(bits), 'in'));
  }
  for (const [field, side] of [
    ['srcType', 'saddr'],
    ['dstType', 'daddr'],
  ] as const) {
    const types = said.values(field);
    if (types === undefined || types.length === 0) continue;
    const right = build.anyOf(build.enumerate(types).map(build.addressType));
    statements.push(build.equals({ kind: 'fib', result: 'type', flags: [side] }, right));
  }
  const accounts = said.values('srcAccount');
  if (accounts !== undefined && accounts.length > 0) {
    statements.push(build.equals(build.SKUID, build.anyOf(accounts.map((each) => build.range(each)))));
  }
  return statements;
}

function addressStatements(said: Conjunction, family: Family): Statement[] | undefined {
  const statements: Statement[] = [];
  for (const side of ['src', 'dst'] as const) {
    const ranges = said.addresses(side, family);
    if (ranges === undefined) continue;
    if (ranges.length === 0) return undefined;
    statements.push(
      build.equals(build.addressSelector(family, side), build.anyOf(ranges.map(build.addressExpression))),
    );
  }
  return statements;
}

function isIcmp(said: Conjunction): boolean {
  return said.values('icmpType') !== undefined || said.values('icmpCode') !== undefined;
}

/** `undefined` where the conjunction does not speak of ICMP. */
function icmpStatements(said: Conjunction, family: Family): Statement[] | undefined {
  if (!isIcmp(said)) return undefined;
  const own = family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6;
  const other = family === 4 ? PROTOCOLS.icmpv6 : PROTOCOLS.icmp;
  const protocols = said.values('protocol');
  if (protocols === undefined || inRanges(protocols, other)) {
    throw new Unwritable(`${protocolName(other)} inside IPv${family}`);
  }
  if (!inRanges(protocols, own)) return undefined;
  const header = build.icmpWord(family);
  return (
    [
      ['icmpType', 'type', build.icmpType(family)],
      ['icmpCode', 'code', build.number],
    ] as const
  ).flatMap(([field, name, constant]) => {
    const values = said.values(field);
    if (values === undefined) return [];
    return [build.equals(build.payload(header, name), build.anyOf(values.map((each) => build.range(each, constant))))];
  });
}

function transportStatements(said: Conjunction): Statement[] | undefined {
  const ports = (['sport', 'dport'] as const).flatMap((field) => {
    const ranges = said.values(field);
    return ranges === undefined ? [] : [{ field, ranges }];
  });
  if (isIcmp(said) || ports.some(({ ranges }) => ranges.length === 0)) return undefined;
  const flags = said.values('tcpFlags');
  let protocols = said.values('protocol');
  const owners = [...(flags === undefined ? [] : [[PROTOCOLS.tcp]]), ...(ports.length === 0 ? [] : [PORT_PROTOCOLS])];
  for (const owner of owners) {
    const known = protocols;
    protocols = owner
      .filter((each) => known === undefined || inRanges(known, each))
      .map((each) => ({ first: each, last: each }));
  }
  if (protocols?.length === 0) return undefined;
  const [only] = protocols ?? [];
  const header = protocols?.length === 1 && only?.first === only?.last ? HEADERS.get(only?.first ?? -1) : undefined;
  const tests = ports.map(({ field, ranges }) =>
    build.equals(build.payload(header ?? 'th', field), build.anyOf(ranges.map((each) => build.range(each)))),
  );
  if (flags !== undefined) {
    // Ranges of flags in a set make nft 1.0.6 crash when it lists them.
    tests.push(build.equals(build.payload('tcp', 'flags'), build.anyOf(build.enumerate(flags).map(build.number))));
  }
  const saidByHeader = header !== undefined && tests.length > 0;
  if (protocols === undefined || saidByHeader) return tests;
  return [build.equals(build.L4PROTO, build.anyOf(protocols.map((each) => build.range(each)))), ...tests];
}

const HEADERS: ReadonlyMap<number, string> = new Map([
  [PROTOCOLS.tcp, 'tcp'],
  [PROTOCOLS.udp, 'udp'],
  [PROTOCOLS.udplite, 'udplite'],
  [PROTOCOLS.dccp, 'dccp'],
  [PROTOCOLS.sctp, 'sctp'],
]);
