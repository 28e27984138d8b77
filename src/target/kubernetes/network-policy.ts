import { type ClusterEnd, type ClusterIntent, NAMESPACE_NAME, type PortMatch } from '../../kubernetes/index.ts';
import { blocksOf } from '../cluster/blocks.ts';
import { Findings } from '../cluster/findings.ts';
import { labelSelector } from '../cluster/label-selector.ts';
import { type ManifestObject, Noted, type ObjectTree } from '../cluster/manifest.ts';
import { flowNote, metadata, ObjectNames } from '../cluster/names.ts';
import { spansOf } from '../cluster/ports.ts';
import { type Side, type SideRule, sidesOf } from '../cluster/sides.ts';

export const TITLE = 'NetworkPolicy';

export interface Written {
  readonly objects: readonly ManifestObject[];
  readonly findings: Findings;
}

/** NetworkPolicies (networking.k8s.io/v1) that say what the intent says: default deny of every governed namespace, and for each side what is let through. */
export function networkPolicies(intent: ClusterIntent): Written {
  const writer = new Writer(intent);
  const names = new ObjectNames();
  const denied = intent.governed.map((namespace) => defaultDeny(intent, namespace, names));
  const sides = sidesOf(intent).flatMap((side) => writer.policy(side, names));
  return { objects: [...denied, ...sides], findings: writer.findings };
}

function defaultDeny(intent: ClusterIntent, namespace: string, names: ObjectNames): ManifestObject {
  return {
    comment: [`every pod of ${namespace}: nothing in, nothing out, but for what is let through below`],
    body: policyBody(
      metadata(names.unique(namespace, 'portcullis-default-deny'), namespace, { policy: intent.name, flows: [] }),
      { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    ),
  };
}

function policyBody(meta: ObjectTree, spec: ObjectTree): ObjectTree {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: meta, spec };
}

class Writer {
  readonly findings = new Findings(TITLE);
  readonly #intent: ClusterIntent;

  constructor(intent: ClusterIntent) {
    this.#intent = intent;
  }

  policy(side: Side, names: ObjectNames): ManifestObject[] {
    const { zone, namespace, direction, subject } = side;
    const podSelector = this.#pods({ zone, peer: { kind: 'workloads', workloads: subject } });
    const rules = side.rules.flatMap((rule) => this.#rule(rule, side) ?? []);
    if (rules.length === 0 || podSelector === undefined) return [];
    const isEgress = direction === 'egress';
    return [
      {
        comment: [`what ${zone} ${isEgress ? 'may reach' : 'may be reached by'}`],
        body: policyBody(
          metadata(names.unique(namespace, zone, direction), namespace, {
            policy: this.#intent.name,
            flows: side.rules.map(({ grant }) => grant),
          }),
          { podSelector, policyTypes: [isEgress ? 'Egress' : 'Ingress'], [direction]: rules },
        ),
      },
    ];
  }

  #rule({ grant, peers }: SideRule, { direction, namespace }: Side): Noted | undefined {
    const ports = grant.ports === 'any' ? undefined : portsField(grant.ports);
    this.findings.unsaidPorts(grant, ['TCP', 'UDP', 'SCTP'], 'render for `calico` or `cilium`, which know ICMP');
    if (ports?.length === 0) return undefined;
    const isEverybody = peers.some(({ peer }) => peer.kind === 'everybody');
    const others = isEverybody ? [] : peers.flatMap((end) => this.#peer(end, grant, namespace));
    if (!isEverybody && others.length === 0) return undefined;
    const field = direction === 'egress' ? 'to' : 'from';
    return new Noted(flowNote(grant), { [field]: isEverybody ? undefined : others, ports });
  }

  #peer(end: ClusterEnd, grant: SideRule['grant'], namespace: string): ObjectTree[] {
    const { peer, zone } = end;
    switch (peer.kind) {
      case 'everybody':
        return []; // has been seen to
      case 'addresses':
        return blocksOf(peer.ranges).map(({ cidr, except }) => ({
          ipBlock: { cidr, except: except.length === 0 ? undefined : except },
        }));
      case 'names':
        this.findings.byRanges(end, grant);
        return [];
      case 'workloads': {
        const podSelector = this.#pods(end);
        const { namespaces, pods } = peer.workloads;
        const isOwn =
          JSON.stringify(namespaces) === JSON.stringify({ kind: 'in', key: NAMESPACE_NAME, values: [namespace] });
        if (podSelector === undefined) return [];
        if (isOwn) return [{ podSelector }];
        const namespaceSelector = labelSelector(namespaces);
        if (namespaceSelector === undefined) return this.#unsaid(zone);
        return [{ namespaceSelector, podSelector: pods.kind === 'everything' ? undefined : podSelector }];
      }
      case 'nodes':
      case 'api-server':
        return this.#unsaid(zone);
    }
  }

  #pods({ zone, peer }: ClusterEnd): ObjectTree | undefined {
    if (peer.kind !== 'workloads') return undefined;
    if (peer.workloads.serviceAccounts !== undefined) {
      this.findings.serviceAccount(zone);
      return undefined;
    }
    const selector = labelSelector(peer.workloads.pods);
    if (selector === undefined) this.findings.unsaid(zone);
    return selector;
  }

  #unsaid(zone: string): [] {
    this.findings.unsaid(zone);
    return [];
  }
}

function portsField(ports: readonly PortMatch[]): readonly ObjectTree[] {
  return spansOf(ports)
    .filter(({ protocol }) => protocol !== 'ICMP' && protocol !== 'ICMPv6')
    .map(({ protocol, first, last, whole }) => ({
      protocol,
      port: whole ? undefined : first,
      endPort: whole || first === last ? undefined : last,
    }));
}
