import {
  address,
  all,
  any,
  anyOf,
  atHook,
  type BaselinePiece,
  type Chain,
  DEFAULT_VERDICT,
  everything,
  field,
  formatRate,
  type Grant,
  HOOKS,
  type Hook,
  type Intent,
  inState,
  interfaces,
  type Match,
  type NamedDestination,
  not,
  nothing,
  type Peer,
  type Redirect,
  type Rule,
  type Ruleset,
  type Service,
  type Side,
  symbol,
} from '../ir/index.ts';
import { type Endpoint, PROTOCOLS } from '../net/index.ts';

/**
 * The policy spelt out as one chain for each hook: the baseline in its order, then the grants, which only add up, then denial.
 * This is what a policy means; targets arrive at their rules without it and are compared with it.
 */
export function intentRuleset(intent: Intent): Ruleset {
  const services: ServiceMatches = new Map();
  const redirects = (intent.redirects ?? []).length === 0 ? [] : [redirectChain(intent.redirects ?? [])];
  const chains = HOOKS.map((hook) => ({
    name: hook,
    base: { hook, priority: 0, policy: DEFAULT_VERDICT[hook] },
    rules: [
      ...intent.baseline.flatMap((piece) => baselineRules(piece, hook)),
      ...grantRules(intent.grants, hook, services),
    ],
  }));
  return { layer: 'policy', tables: [{ name: intent.name, families: [4, 6], chains: [...redirects, ...chains] }] };
}

/** Where the kernel translates destinations: NF_IP_PRI_NAT_DST, include/uapi/linux/netfilter_ipv4.h. */
const REDIRECT_PRIORITY = -100;

/**
 * First packets that are sent elsewhere meet the grants with the destination that they are given, but leave by the interface that they
 * were routed to before: the kernel finds the way anew only behind all that filters at output.
 */
function redirectChain(redirects: readonly Redirect[]): Chain {
  return {
    name: 'redirects',
    base: { hook: 'output', priority: REDIRECT_PRIORITY, policy: 'accept' },
    rules: redirects.flatMap((redirect) =>
      redirect.to.map(
        (target): Rule => ({
          match: redirectMatch(redirect, target),
          effects: [{ kind: 'translate', side: 'dst', ...target }],
          action: { kind: 'verdict', verdict: 'accept' },
          origin: { ...redirect.origin, flow: redirect.name },
        }),
      ),
    ),
  };
}

/** The packets that a redirect sends to one of its targets. */
export function redirectMatch({ from, protocols, ports, except }: Redirect, { address: { family } }: Endpoint): Match {
  return all(
    atHook('output'),
    field('family', family),
    OPENING,
    any(...from.map(sender)),
    field('protocol', ...protocols),
    field('dport', ...ports),
    not(address('dst', ...except.filter((range) => range.family === family))),
  );
}

/** Connections are translated by their first packet; an error about one is translated as that one is (net/netfilter/nf_nat_core.c). */
const OPENING = any(inState('new'), all(inState('related'), not(field('protocol', PROTOCOLS.icmp, PROTOCOLS.icmpv6))));

/** A piece's rules name their hooks themselves; those that cannot match here are left out, so that a path stays readable. */
function baselineRules(piece: BaselinePiece, hook: Hook): Rule[] {
  return piece.rules.filter((rule) => mayMatchAt(rule.match, hook));
}

function mayMatchAt(match: Match, hook: Hook): boolean {
  const parts = match.kind === 'all' ? match.of : [match];
  return parts.every(
    (part) =>
      part.kind !== 'field' ||
      part.field !== 'hook' ||
      part.ranges.some((range) => range.first <= HOOKS.indexOf(hook) && HOOKS.indexOf(hook) <= range.last),
  );
}

/** What services ask of a packet, by their list: most grants share few. */
type ServiceMatches = Map<readonly Service[], Match>;

function grantRules(grants: readonly Grant[], hook: Hook, services: ServiceMatches): Rule[] {
  const rules: Rule[] = [];
  for (const grant of grants) {
    const match = grantMatch(grant, hook, services);
    if (match.kind === 'nothing') continue;
    const origin = { ...grant.origin, flow: grant.name };
    rules.push({ match, action: { kind: 'verdict', verdict: 'accept' }, origin });
  }
  return rules;
}

/** The packets that a grant lets through at a hook. */
export function grantMatch(grant: Grant, hook: Hook, services: ServiceMatches = new Map()): Match {
  const between = pairsMatch(grant.from, grant.to, hook);
  if (between.kind === 'nothing') return nothing; // as most grants let through at two of the hooks
  const on = services.get(grant.services) ?? anyOf(grant.services.map(serviceMatch));
  services.set(grant.services, on);
  if (grant.rate === undefined) return all(between, on);
  return all(between, on, symbol({ kind: 'within-rate', flow: grant.name, limit: formatRate(grant.rate) }));
}

function pairsMatch(from: readonly Peer[], to: readonly Peer[], hook: Hook): Match {
  if (from.length === 1 && to.length === 1) return pairMatch(from[0]!, to[0]!, hook); // as of most grants
  return anyOf(from.flatMap((each) => to.map((other) => pairMatch(each, other, hook))));
}

/**
 * The packets from one peer to another that stand at a hook: what leaves this machine at output, what reaches it at
 * input, what it routes at forward; between its own processes at output and input of the loopback interface.
 */
export function pairMatch(from: Peer, to: Peer | NamedDestination, hook: Hook): Match {
  const fromHere = from.kind === 'local';
  const toHere = to.kind === 'local';
  switch (hook) {
    case 'output':
      return fromHere ? all(AT[hook], sender(from), toHere ? loopback('out') : receiver(to)) : nothing;
    case 'input':
      return toHere ? all(AT[hook], fromHere ? loopback('in') : sender(from), receiver(to)) : nothing;
    case 'forward':
      return fromHere || toHere ? nothing : all(AT[hook], sender(from), receiver(to));
  }
}

const AT: Readonly<Record<Hook, Match>> = {
  input: atHook('input'),
  output: atHook('output'),
  forward: atHook('forward'),
};

function loopback(side: 'in' | 'out'): Match {
  return interfaces(side, { name: 'lo', wildcard: false });
}

function sender(peer: Peer): Match {
  switch (peer.kind) {
    case 'local':
      return processes(peer, 'src');
    case 'remote':
      return machines(peer, 'src');
    case 'named':
      return nothing; // a name says where a packet goes, not where it comes from
  }
}

function receiver(peer: Peer | NamedDestination): Match {
  switch (peer.kind) {
    case 'local':
      return processes(peer, 'dst');
    case 'remote':
      return machines(peer, 'dst');
    case 'named':
      return symbol({ kind: 'asked', group: peer.group });
    case 'name':
      return all(...peer.groups.map((group) => symbol({ kind: 'asked', group })));
  }
}

function processes(peer: Extract<Peer, { kind: 'local' }>, side: Side): Match {
  if (peer.accounts === undefined && peer.cgroup === undefined) return everything;
  const accounts =
    peer.accounts === undefined ? everything : field(side === 'src' ? 'srcAccount' : 'dstAccount', ...peer.accounts);
  // Which cgroup will receive a packet, nobody can know before the packet is delivered: only senders have one here.
  const cgroup =
    peer.cgroup === undefined || side === 'dst' ? everything : symbol({ kind: 'cgroup', path: peer.cgroup });
  return all(accounts, cgroup);
}

function machines(peer: Extract<Peer, { kind: 'remote' }>, side: Side): Match {
  const there = address(side, ...peer.ranges);
  return peer.interfaces === undefined
    ? there
    : all(there, interfaces(side === 'src' ? 'in' : 'out', ...peer.interfaces));
}

export function serviceMatch(service: Service): Match {
  const { protocol, family, ports, icmp } = service;
  const parts: Match[] = [];
  if (family !== undefined) parts.push(field('family', family));
  parts.push(field('protocol', protocol));
  if (ports !== undefined) parts.push(field('dport', ports));
  if (icmp !== undefined) parts.push(field('icmpType', icmp.type));
  if (icmp?.code !== undefined) parts.push(field('icmpCode', icmp.code));
  return all(...parts);
}
