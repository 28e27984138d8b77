import { type Diagnostic, hasErrors, sortDiagnostics } from '../diagnostic/index.ts';
import {
  type ClusterEnd,
  type ClusterGateway,
  type ClusterGrant,
  type ClusterIntent,
  type ClusterTest,
  governedPart,
  labelled,
  namespaceNamed,
  type PortMatch,
} from '../kubernetes/index.ts';
import { range } from '../net/index.ts';
import { AddressSet } from '../packetset/index.ts';
import { type FlowDeclaration, type PolicyFile, Reporter, type TestDeclaration } from '../policy/index.ts';
import { throughGateways } from './cluster-gateways.ts';
import { CLUSTER_PROBLEMS } from './cluster-problems.ts';
import { portsOf } from './cluster-services.ts';
import { type ClusterMeaning, ClusterZones, isByNamespaceLabels } from './cluster-zones.ts';
import { NameGroups } from './name-groups.ts';
import { type ResolveContext, resolvePolicy } from './policy.ts';
import { RESOLVE_PROBLEMS } from './problems.ts';
import { ServiceResolver } from './services.ts';
import { INTERNET, PRIVATE } from './special-purpose.ts';

export interface ClusterContext extends ResolveContext {
  /** That are governed; none: the one that the policy's zones name. */
  readonly namespaces: readonly string[];
  /** Pods ask a DNS cache at a link-local address of their node (Kubernetes: NodeLocal DNSCache), beside the cluster's DNS. */
  readonly nodeLocalDns: boolean;
}

export interface ResolvedForCluster {
  readonly intent: ClusterIntent | undefined; // undefined where there are errors
  readonly diagnostics: readonly Diagnostic[]; // sorted; without those of loading
}

/** The pods that answer for the cluster's DNS, as kubeadm, GKE, EKS, AKS, k3s and kind label them. */
const CLUSTER_DNS: ClusterEnd = {
  zone: 'cluster-dns',
  peer: {
    kind: 'workloads',
    workloads: {
      namespaces: namespaceNamed('kube-system'),
      pods: labelled(new Map([['k8s-app', 'kube-dns']])),
    },
  },
};
/** Where NodeLocal DNSCache listens on every node (kubernetes.io, Using NodeLocal DNSCache in Kubernetes Clusters). */
const NODE_LOCAL_DNS: ClusterEnd = {
  zone: 'node-local-dns',
  peer: { kind: 'addresses', ranges: [range('169.254.20.10/32')] },
};
const DNS_PORTS: readonly PortMatch[] = [
  { kind: 'ports', protocol: 'UDP', first: 53, last: 53 },
  { kind: 'ports', protocol: 'TCP', first: 53, last: 53 },
];

/** Errors about one machine's kernel, which no cluster asks; what is the same in a cluster is said anew. */
const OF_A_MACHINE: readonly string[] = [
  RESOLVE_PROBLEMS.exceptNotExact,
  RESOLVE_PROBLEMS.emptyZone,
  RESOLVE_PROBLEMS.nameAsSource,
  RESOLVE_PROBLEMS.neverMatches,
  RESOLVE_PROBLEMS.noGateway,
  RESOLVE_PROBLEMS.notThroughGateway,
  RESOLVE_PROBLEMS.gatewayIsSource,
  RESOLVE_PROBLEMS.gatewayOutOfReach,
  RESOLVE_PROBLEMS.notOnThisMachine,
  RESOLVE_PROBLEMS.unknownAccount,
  RESOLVE_PROBLEMS.forwardOnly,
  RESOLVE_PROBLEMS.wholeInternet,
  RESOLVE_PROBLEMS.pieceOff,
].map(({ code }) => code);

/** Looks up all that a policy names and says what it asks of a cluster. */
export function resolveForCluster(policy: PolicyFile, context: ClusterContext): ResolvedForCluster {
  const general = resolvePolicy(policy, context).diagnostics.filter(({ code }) => !OF_A_MACHINE.includes(code));
  if (!policy.complete || hasErrors(general)) return { intent: undefined, diagnostics: general };
  const report = new Reporter();
  const resolver = new ClusterResolver(policy, context, report);
  const intent = resolver.resolve();
  const diagnostics = sortDiagnostics([...general, ...report.diagnostics()]);
  return { intent: hasErrors(diagnostics) ? undefined : intent, diagnostics };
}

/** RFC 1123 label. */
function isNamespaceName(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text);
}

class ClusterResolver {
  readonly #policy: PolicyFile;
  readonly #context: ClusterContext;
  readonly #report: Reporter;
  readonly #services: ServiceResolver;
  readonly #zones: ClusterZones;
  readonly #notHere = new Map<string, { readonly flows: string[]; tests: number }>();

  constructor(policy: PolicyFile, context: ClusterContext, report: Reporter) {
    this.#policy = policy;
    this.#context = context;
    this.#report = report;
    const silent = new Reporter(); // what is wrong with names and services has been said
    this.#services = new ServiceResolver(policy, context.catalog, silent);
    this.#zones = new ClusterZones(policy, new NameGroups(policy, context.catalog, silent), report);
  }

  resolve(): ClusterIntent {
    const governed = this.#governed();
    const flows = this.#policy.flows.flatMap((flow) => this.#flow(flow, governed));
    const { grants, gateways } = throughGateways(flows, governed, this.#policy, this.#report);
    const tests = this.#policy.tests.flatMap((test) => this.#test(test));
    for (const [zone, { flows: names, tests: count }] of this.#notHere) {
      const span = this.#policy.zones.find(({ name }) => name === zone)?.span;
      this.#report.say(CLUSTER_PROBLEMS.noMeaning, span, zone, names, count);
    }
    return {
      name: this.#policy.name ?? 'policy',
      governed,
      grants: [...grants, ...this.#lookups(grants, gateways, governed)],
      gateways,
      tests,
    };
  }

  #governed(): readonly string[] {
    const { namespaces } = this.#context;
    const candidates = this.#policy.zones.flatMap(({ elsewhere: { kubernetes } }) => kubernetes?.namespace ?? []);
    const chosen = [...new Set(namespaces.length > 0 ? namespaces : candidates)].sort();
    if (chosen.length === 0 || (namespaces.length === 0 && chosen.length > 1))
      this.#report.say(CLUSTER_PROBLEMS.whichNamespace, undefined, chosen);
    for (const name of chosen)
      if (!isNamespaceName(name)) this.#report.say(CLUSTER_PROBLEMS.badNamespace, undefined, name);
    return chosen.filter(isNamespaceName);
  }

  #flow(flow: FlowDeclaration, governed: readonly string[]): ClusterGrant[] {
    const name = flow.name.value;
    const services = this.#services.resolve(flow.service) ?? [];
    const from = this.#ends(this.#zones.ends(flow.from), flow);
    const to = this.#ends(this.#zones.ends(flow.to), flow);
    const senders = from.filter(({ peer }) => peer.kind !== 'names');
    for (const { zone, peer } of from)
      if (peer.kind === 'names' && !senders.some((other) => other.zone === zone))
        this.#report.say(CLUSTER_PROBLEMS.nameAsSource, flow.span, name, zone);
    if (senders.length === 0 || to.length === 0) return [];
    if (![...senders, ...to].some((end) => governed.some((namespace) => governedPart(end, namespace) !== undefined))) {
      if (governed.length > 0) this.#report.say(CLUSTER_PROBLEMS.elsewhere, flow.span, name, governed);
      return [];
    }
    if (flow.rate !== undefined) {
      const { count, per, perSource } = flow.rate.value;
      const rate = `${count}/${per}${perSource ? ' per source' : ''}`;
      this.#report.say(CLUSTER_PROBLEMS.rate, flow.rate.span, name, rate);
    }
    if (services.some(({ icmp }) => icmp?.code !== undefined))
      this.#report.say(CLUSTER_PROBLEMS.icmpCode, flow.span, name);
    for (const end of [...senders, ...to]) this.#remark(end, flow);
    return [
      {
        name,
        from: senders,
        to,
        ports: portsOf(services),
        ...(flow.purpose === undefined ? {} : { purpose: flow.purpose }),
        span: flow.span,
      },
    ];
  }

  /** Remembers what has no meaning here. */
  #ends({ ends, noMeaning }: ClusterMeaning, flow: FlowDeclaration): readonly ClusterEnd[] {
    for (const zone of new Set(noMeaning)) {
      const known = this.#notHere.get(zone) ?? { flows: [], tests: 0 };
      if (!known.flows.includes(flow.name.value)) known.flows.push(flow.name.value);
      this.#notHere.set(zone, known);
    }
    return ends;
  }

  readonly #remarked = new Set<string>();

  #remark(end: ClusterEnd, { name, span }: FlowDeclaration): void {
    if (isByNamespaceLabels(end) && !this.#remarked.has(end.zone)) {
      this.#remarked.add(end.zone);
      const at = this.#policy.zones.find((zone) => zone.name === end.zone)?.span;
      this.#report.say(CLUSTER_PROBLEMS.byLabels, at, end.zone);
    }
    if (end.peer.kind !== 'addresses') return;
    const addresses = AddressSet.of(end.peer.ranges);
    if (!addresses.intersect(AddressSet.of(PRIVATE)).isEmpty() && !addresses.subtract(INTERNET).isEmpty())
      this.#report.say(CLUSTER_PROBLEMS.privateBlock, span, name.value, end.zone);
  }

  #test(test: TestDeclaration): ClusterTest[] {
    const from = this.#zones.ends(test.from);
    return test.claims.flatMap((claim) => {
      const to = this.#zones.ends(claim.to);
      const services = this.#services.resolve([claim.service]) ?? [];
      for (const zone of new Set([...from.noMeaning, ...to.noMeaning])) {
        const known = this.#notHere.get(zone) ?? { flows: [], tests: 0 };
        known.tests += 1;
        this.#notHere.set(zone, known);
      }
      // Which names get through is the gateway's affair: what the cluster itself can be held to is that nobody goes there directly.
      const isByGateway = to.ends.some(({ peer }) => peer.kind === 'names') && this.#policy.gateway !== undefined;
      if (from.ends.length === 0 || to.ends.length === 0 || (isByGateway && claim.expect === 'allow')) return [];
      const sender = test.from.map(({ span }) => span.file.text.slice(span.start, span.end)).join(', ');
      return [
        {
          text: `from ${sender} ${claim.expect} ${claim.text}`,
          expect: claim.expect,
          from: from.ends,
          to: to.ends,
          ports: portsOf(services),
          span: claim.span,
        },
      ];
    });
  }

  /** Whoever goes anywhere but to its gateway looks names up in the cluster's own DNS; so do the gateways. */
  #lookups(
    grants: readonly ClusterGrant[],
    gateways: readonly ClusterGateway[],
    governed: readonly string[],
  ): ClusterGrant[] {
    const askers = new Map<string, ClusterEnd>();
    for (const { from, to } of grants) {
      if (to.every(({ zone }) => gateways.some(({ name }) => name === zone))) continue;
      for (const end of from)
        for (const namespace of governed) {
          const part = governedPart(end, namespace);
          if (part !== undefined) askers.set(JSON.stringify(part), part);
        }
    }
    if (askers.size === 0) return [];
    return [
      {
        name: 'cluster-dns',
        from: [...askers.values()],
        to: [CLUSTER_DNS, ...(this.#context.nodeLocalDns ? [NODE_LOCAL_DNS] : [])],
        ports: DNS_PORTS,
        purpose: 'names are looked up in the cluster',
        span: undefined,
      },
    ];
  }
}
