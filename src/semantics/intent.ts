import {
  address,
  all,
  any,
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
  const redirects = (intent.redirects ?? []).length === 0 ? [] : [redirectChain(intent.redirects ?? [])];
  const chains = HOOKS.map((hook) => ({
    name: hook,
    base: { hook, priority: 0, policy: DEFAULT_VERDICT[hook] },
    rules: [
      ...intent.baseline.flatMap((piece) => baselineRules(piece, hook)),
      ...intent.grants.flatMap((grant) => grantRules(grant, hook)),
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

function grantRules(grant: Grant, hook: Hook): Rule[] {
  const match = grantMatch(grant, hook);
  if (match.kind === 'nothing') return [];
  return [{ match, action: { kind: 'verdict', verdict: 'accept' }, origin: { ...grant.origin, flow: grant.name } }];
}

/** The packets that a grant lets through at a hook. */
export function grantMatch(grant: Grant, hook: Hook): Match {
  const pairs = grant.from.flatMap((from) => grant.to.map((to) => pairMatch(from, to, hook)));
  const within =
    grant.rate === undefined
      ? everything
      : symbol({ kind: 'within-rate', flow: grant.name, limit: formatRate(grant.rate) });
  return all(any(...pairs), any(...grant.services.map(serviceMatch)), within);
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
      return fromHere ? all(atHook(hook), sender(from), toHere ? loopback('out') : receiver(to)) : nothing;
    case 'input':
      return toHere ? all(atHook(hook), fromHere ? loopback('in') : sender(from), receiver(to)) : nothing;
    case 'forward':
      return fromHere || toHere ? nothing : all(atHook(hook), sender(from), receiver(to));
  }
}

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
  const accounts =
    peer.accounts === undefined ? everything : field(side === 'src' ? 'srcAccount' : 'dstAccount', ...peer.accounts);
  // Which cgroup will receive a packet, nobody can know before the packet is delivered: only senders have one here.
  const cgroup =
    peer.cgroup === undefined || side === 'dst' ? everything : symbol({ kind: 'cgroup', path: peer.cgroup });
  return all(accounts, cgroup);
}

function machines(peer: Extract<Peer, { kind: 'remote' }>, side: Side): Match {
  const through =
    peer.interfaces === undefined ? everything : interfaces(side === 'src' ? 'in' : 'out', ...peer.interfaces);
  return all(address(side, ...peer.ranges), through);
}

export function serviceMatch(service: Service): Match {
  return all(
    service.family === undefined ? everything : field('family', service.family),
    field('protocol', service.protocol),
    service.ports === undefined ? everything : field('dport', service.ports),
    service.icmp === undefined ? everything : field('icmpType', service.icmp.type),
    service.icmp?.code === undefined ? everything : field('icmpCode', service.icmp.code),
  );
}
