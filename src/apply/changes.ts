import { conditionsOf, endsText, serviceText, unknownConditions } from '../analysis/index.ts';
import type { Flow, Grant, Intent } from '../ir/index.ts';
import { formatRange } from '../net/index.ts';
import { boxes, HeaderSpace, IntervalSet, type PacketSet } from '../packetset/index.ts';
import { denote, describe, evaluate, packetsOf, type Step, sampleFlow } from '../semantics/index.ts';
import { flowLeaves } from './flow-leaves.ts';
import type { HostRules } from './host-rules.ts';
import { directionOf, type Scope, type ScopeName, scopes, scopeWords } from './scopes.ts';
import { serviceParts, servicesIn, serviceWords } from './service-words.ts';

/** New connections that fare otherwise than before, told together. */
export interface Change {
  readonly effect: 'opened' | 'closed';
  readonly scope: ScopeName;
  readonly sentence: string;
  readonly flow?: string; // of ours, that lets them through on one side; `baseline:<piece>` for a piece of the baseline
  readonly packets: readonly string[]; // as disjoint boxes; the last may say that there are more
  readonly witness: Flow; // one of them, replayed through both
  readonly before: readonly Step[]; // the rules that it meets
  readonly after: readonly Step[];
  readonly conditions: readonly string[]; // that it depends on and no packet tells: what nobody can know, and rates
}

export interface Changes {
  readonly opened: readonly Change[]; // the most dangerous first
  readonly closed: readonly Change[];
  /** Flows that would be told, too, if there were not so many, by their names. */
  readonly untold: { readonly opened: readonly string[]; readonly closed: readonly string[] };
}

/** Flows that are told one by one on each side. */
const TOLD = 50;
const BOXES = 4; // of one change

/** What new connections one ruleset lets through and the other does not: over all packets, by flow, and by where they go. */
export function changes(before: HostRules, after: HostRules, intent: Intent): Changes {
  const space = new HeaderSpace();
  const was = denote(space, before.ruleset).accept;
  const is = denote(space, after.ruleset).accept;
  const context: Context = {
    space,
    scopes: scopes(space, intent),
    unknown: [...new Set([before.ruleset, after.ruleset].flatMap(unknownConditions))],
    before,
    after,
    intent,
    flowsOf: flowSets(space),
  };
  const opened = told('opened', is.subtract(was), after, context);
  const closed = told('closed', was.subtract(is), before, context);
  return {
    opened: opened.changes,
    closed: closed.changes,
    untold: { opened: opened.untold, closed: closed.untold },
  };
}

interface Context {
  readonly space: HeaderSpace;
  readonly scopes: readonly Scope[];
  readonly unknown: readonly string[];
  readonly before: HostRules;
  readonly after: HostRules;
  readonly intent: Intent;
  readonly flowsOf: (rules: HostRules) => ReadonlyMap<string, PacketSet>; // what our table lets through for each flow's sake
}

function flowSets(space: HeaderSpace): Context['flowsOf'] {
  const known = new Map<HostRules, ReadonlyMap<string, PacketSet>>();
  return (rules) => {
    const found =
      known.get(rules) ?? new Map([...flowLeaves(rules)].map(([flow, match]) => [flow, packetsOf(space, match)]));
    known.set(rules, found);
    return found;
  };
}

/** @param allows the side that lets the packets through, whose flows they are told by */
function told(effect: Change['effect'], all: PacketSet, allows: HostRules, context: Context) {
  const { space } = context;
  let rest = all.intersect(space.union(context.scopes.map(({ packets }) => packets)));
  if (rest.isEmpty()) return { changes: [], untold: [] };
  const parts = flowParts(rest, allows, context);
  rest = rest.subtract(space.union(parts.map(({ packets }) => packets)));
  const ranked = parts.toSorted((a, b) => rank(a.scope, context) - rank(b.scope, context));
  const changes = [
    ...ranked.slice(0, TOLD).map((part) => flowChange(effect, part, context)),
    ...restChanges(effect, rest, context),
  ];
  return {
    changes: changes.toSorted((a, b) => rankOf(a.scope, context) - rankOf(b.scope, context)),
    untold: ranked.slice(TOLD).map(({ flow }) => flow),
  };
}

function rank(scope: Scope, { scopes: all }: Context): number {
  return all.indexOf(scope);
}

function rankOf(name: ScopeName, { scopes: all }: Context): number {
  return all.findIndex((each) => each.name === name);
}

interface FlowPart {
  readonly flow: string;
  readonly packets: PacketSet;
  readonly isWhole: () => boolean; // every new connection of the flow
  readonly scope: Scope; // the most dangerous that it has a part in
}

/** Packets that a flow lets through without being for them. */
const SIDE_SCOPES: readonly ScopeName[] = ['within', 'unusual'];

/** What of the set passes for the sake of each flow. */
function flowParts(set: PacketSet, allows: HostRules, { flowsOf, scopes: all }: Context): FlowPart[] {
  return [...flowsOf(allows)].flatMap(([flow, ofFlow]) => {
    const packets = ofFlow.intersect(set);
    const scope = packets.isEmpty() ? undefined : all.find((each) => each.packets.intersects(packets));
    if (scope === undefined) return [];
    const isWhole = (): boolean =>
      all.every(({ name, packets: within }) => SIDE_SCOPES.includes(name) || set.contains(ofFlow.intersect(within)));
    return [{ flow, packets, isWhole, scope }];
  });
}

function flowChange(effect: Change['effect'], part: FlowPart, context: Context): Change {
  const { flow, packets, scope } = part;
  const some = part.isWhole() ? '' : 'some of ';
  const grant = effect === 'opened' ? context.intent.grants.find(({ name }) => name === flow) : undefined;
  const words =
    grant === undefined ? setWords(packets.intersect(scope.packets), scope) : grantWords(grant, context.intent);
  return change(effect, scope, `${some}${words} (${flowName(flow, effect)})`, packets, context, flow);
}

function flowName(flow: string, effect: Change['effect']): string {
  const piece = flow.startsWith('baseline:') ? flow.slice('baseline:'.length) : undefined;
  const name = piece === undefined ? `flow \`${flow}\`` : `baseline \`${piece}\``;
  return effect === 'opened' ? name : `${name}, as it was`;
}

function grantWords({ from, to, services }: Grant, intent: Intent): string {
  const ends = (peers: Grant['from']): string => few(endsText(peers, intent));
  return `${few(services.map(serviceText))} from ${ends(from)} to ${ends(to)}`;
}

/** Packets of one scope, with what there is to say of them beside where they go. */
interface RestPart {
  readonly scope: Scope;
  readonly packets: PacketSet;
  readonly services: string;
  readonly but: string;
}

/** What passes, or not, for no flow's sake: because another policy, or none at all, stands there. */
function restChanges(effect: Change['effect'], rest: PacketSet, context: Context): Change[] {
  const parts = context.scopes.flatMap((scope) => restParts(effect, rest.intersect(scope.packets), scope, context));
  const groups = Map.groupBy(parts, ({ scope, services, but }) => `${directionOf(scope.name)} ${services} ${but}`);
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const { scope, services, but } = first;
    const all = [first, ...others];
    const sentence = `${services} ${scopeWords(all.map((part) => part.scope.name))}${but}`;
    return [change(effect, scope, sentence, context.space.union(all.map(({ packets }) => packets)), context)];
  });
}

function restParts(effect: Change['effect'], set: PacketSet, scope: Scope, context: Context): RestPart[] {
  if (set.isEmpty()) return [];
  if (scope.name === 'unusual') return [{ scope, packets: set, services: 'packets', but: '' }];
  const { whole, partial } = servicesIn(set, scope.packets);
  const parts = whole.isEmpty() ? [] : [whole];
  return [...parts, ...alikeServices(partial, set, scope)].map((services) => {
    const packets = set.intersect(services);
    const but = services === whole ? '' : exceptions(effect, scope.packets.intersect(services).subtract(set), context);
    return { scope, packets, services: setServices(packets, scope), but: remoteWords(packets, scope) + but };
  });
}

/** Services of which the same addresses at the other end are meant. */
function alikeServices(services: PacketSet, set: PacketSet, { remote }: Scope): PacketSet[] {
  if (services.isEmpty()) return [];
  const parts = remote === undefined ? undefined : serviceParts(services);
  if (remote === undefined || parts === undefined) return [services];
  const ends = (part: PacketSet): number => set.space.project(set.intersect(part), ['family', remote]).node;
  return [...Map.groupBy(parts, ends).values()].map((alike) => set.space.union(alike));
}

/** Flows because of which the same services fare otherwise for others. */
function exceptions(effect: Change['effect'], others: PacketSet, context: Context): string {
  const allows = effect === 'opened' ? context.before : context.after;
  const names: string[] = [];
  for (const [flow, packets] of context.flowsOf(allows)) {
    if (names.length > SHOWN) break;
    if (packets.intersects(others)) names.push(flow);
  }
  if (names.length === 0) return '';
  const flows = `${names.length === 1 ? 'flow' : 'flows'} ${few(
    names.map((name) => `\`${name}\``),
    'and others',
  )}`;
  return effect === 'opened' ? `, beyond what ${flows} let through` : `, but for what ${flows} let through`;
}

/** Services, way, and as far as they tell anything the addresses at the other end. */
function setWords(packets: PacketSet, scope: Scope): string {
  return `${setServices(packets, scope)} ${scopeWords([scope.name])}${remoteWords(packets, scope)}`;
}

function servicesOf(set: PacketSet): PacketSet {
  return set.space.project(set, ['protocol', 'dport', 'icmpType']);
}

function setServices(packets: PacketSet, scope: Scope): string {
  const services = servicesOf(packets);
  const inside = serviceWords(services).join(', ');
  const outside = serviceWords(servicesOf(scope.packets).subtract(services)).join(', ');
  const everything = outside === '' ? 'everything' : `everything but ${outside}`;
  return everything.length < inside.length ? everything : inside;
}

function remoteWords(packets: PacketSet, { remote, packets: scope }: Scope): string {
  if (remote === undefined) return '';
  const kept = (set: PacketSet): PacketSet => set.space.project(set, ['family', remote]);
  const some = kept(packets);
  const untouched = kept(scope.intersect(servicesOf(packets))).subtract(some);
  if (untouched.isEmpty()) return '';
  const [inside, outside] = [addressTexts(some, remote), addressTexts(untouched, remote)];
  return inside.length <= outside.length ? `: only ${few(inside)}` : `: all but ${few(outside)}`;
}

function addressTexts(set: PacketSet, side: 'src' | 'dst'): string[] {
  return [...boxes(set)].flatMap(({ family = 4, wides }) =>
    (wides.get(side) ?? IntervalSet.of([])).intervals.map((interval) => formatRange({ family, ...interval })),
  );
}

function change(
  effect: Change['effect'],
  scope: Scope,
  sentence: string,
  packets: PacketSet,
  { before, after, unknown }: Context,
  flow?: string,
): Change {
  const witness = sampleFlow(packets.intersect(scope.packets));
  if (witness === undefined) throw new Error('a change has no packet that shows it');
  const [was, is] = [evaluate(before.ruleset, witness), evaluate(after.ruleset, witness)];
  const isShown =
    effect === 'opened'
      ? was.verdict !== 'accept' && is.verdict === 'accept'
      : was.verdict === 'accept' && is.verdict !== 'accept';
  if (!isShown) throw new Error('a witness of a change does not show it');
  return {
    effect,
    scope: scope.name,
    sentence,
    ...(flow === undefined ? {} : { flow }),
    packets: describe(packets, BOXES),
    witness,
    before: was.path,
    after: is.path,
    conditions: [...conditionsOf([packets], unknown), ...ratesOf(packets)],
  };
}

/** Rates that settle whether a packet is one of these. */
function ratesOf(packets: PacketSet): string[] {
  return packets.space.symbolsOf(packets).filter((key) => key.startsWith('within '));
}

const SHOWN = 4; // parts of a list before the rest is counted

function few(texts: readonly string[], more = `and ${texts.length - SHOWN} more`): string {
  const shown = texts.slice(0, SHOWN).join(', ');
  return texts.length > SHOWN ? `${shown} ${more}` : shown;
}
