import { diagnose } from '../../diagnostic/index.ts';
import {
  type ClusterGrant,
  type ClusterIntent,
  type ClusterPeer,
  EVERYTHING,
  NAMESPACE_NAME,
  namespaceNamed,
} from '../../kubernetes/index.ts';
import { wholeFamily } from '../../net/index.ts';
import { Findings } from '../cluster/findings.ts';
import type { ManifestObject, Noted, ObjectTree } from '../cluster/manifest.ts';
import { metadata, ObjectNames } from '../cluster/names.ts';
import { CLUSTER_TARGET_PROBLEMS } from '../cluster/problems.ts';
import { type Side, sidesOf } from '../cluster/sides.ts';
import { HIGHEST_PRIORITY, type PolicyApi } from './api.ts';
import { EVERY_ADDRESS, EVERY_POD, type Phase, podsField, rulesOf, slices } from './rules.ts';

export interface PolicyApiWritten {
  readonly admin: readonly ManifestObject[];
  readonly baseline: readonly ManifestObject[];
  readonly findings: Findings;
}

/**
 * Guard rails: what the policy lets through is let through whatever NetworkPolicies say, and the rest is denied. In the order in which they
 * are asked: pods that are let through, every other pod denied, addresses and names that are let through, every other address denied.
 */
export function apiPolicies(intent: ClusterIntent, api: PolicyApi): PolicyApiWritten {
  const writer = new Writer(intent, api);
  const sides = sidesOf(intent);
  const admin = [
    ...sides.flatMap((side) => writer.side(side, 'pods')),
    writer.deny('pods', 'every other pod is denied, both ways', {
      ingress: [{ name: 'pods', action: 'Deny', from: [EVERY_POD] }],
      egress: [{ name: 'pods', action: 'Deny', to: [EVERY_POD] }],
    }),
    ...sides.flatMap((side) => writer.side(side, 'outside')),
    writer.deny('outside', 'every other address is denied: nodes have addresses, too', {
      egress: [{ name: 'addresses', action: 'Deny', to: [EVERY_ADDRESS] }],
    }),
  ];
  return { admin: writer.numbered(admin), baseline: [writer.baseline()], findings: writer.findings };
}

/** A policy that is yet to be given its place. */
type Unnumbered = (priority: number) => ManifestObject;

class Writer {
  readonly findings: Findings;
  readonly #names = new ObjectNames();
  readonly #intent: ClusterIntent;
  readonly #api: PolicyApi;

  constructor(intent: ClusterIntent, api: PolicyApi) {
    this.#intent = intent;
    this.#api = api;
    this.findings = new Findings(api.title);
    this.#declareInbound();
  }

  /** Rules of this API name pods that come, and nobody else. */
  #declareInbound(): void {
    const from: readonly ClusterPeer[] = [
      { kind: 'addresses', ranges: [wholeFamily(4), wholeFamily(6)] },
      { kind: 'nodes', nodes: EVERYTHING },
      { kind: 'api-server' },
    ];
    const workloads = { namespaces: namespaceNamed(...this.#intent.governed), pods: EVERYTHING };
    this.findings.approximations.push({
      effect: 'wider',
      from,
      to: [{ kind: 'workloads', workloads }],
      ports: 'any',
      sentence: `${this.#api.title} says nothing of connections from outside of the cluster: who comes from there is not held back`,
      help: 'apply the NetworkPolicies of `render kubernetes` beside it, which deny them',
      span: undefined,
    });
  }

  side(side: Side, phase: Phase): Unnumbered[] {
    const { zone, namespace, direction, subject } = side;
    const rules = rulesOf(side, phase, this.#api, this.findings);
    const pods = podsField(zone, subject, this.findings);
    if (rules.length === 0 || pods === undefined) return [];
    const flows = side.rules.map(({ grant }) => grant).filter((grant) => rules.some((rule) => isOf(rule, grant)));
    const may = direction === 'egress' ? 'may reach' : 'may be reached by';
    const whom = phase === 'pods' ? 'among pods' : 'outside of the cluster';
    return slices(rules, this.#api.rulesAtMost).map((some) => {
      const name = this.#names.unique('cluster', namespace, zone, direction, phase);
      const meta = metadata(name, undefined, { policy: this.#intent.name, flows });
      return (priority) => ({
        comment: [`what ${zone} of ${namespace} ${may} ${whom}`],
        body: this.#api.object('admin', meta, priority, { subject: { pods }, [direction]: some }),
      });
    });
  }

  deny(name: string, comment: string, rules: ObjectTree): Unnumbered {
    return (priority) => ({
      comment: [comment],
      body: this.#api.object('admin', this.#meta(`portcullis-deny-${name}`), priority, {
        ...this.#everyPod(),
        ...rules,
      }),
    });
  }

  baseline(): ManifestObject {
    return {
      comment: ['what stays denied where somebody takes the policies above away'],
      body: this.#api.object('baseline', this.#meta('portcullis-baseline'), HIGHEST_PRIORITY, {
        ...this.#everyPod(),
        ingress: [{ name: 'pods', action: 'Deny', from: [EVERY_POD] }],
        egress: [{ name: 'everything', action: 'Deny', to: [EVERY_POD, EVERY_ADDRESS] }],
      }),
    };
  }

  #meta(name: string): ObjectTree {
    return metadata(name, undefined, { policy: this.#intent.name, flows: [] });
  }

  #everyPod(): ObjectTree {
    const values = this.#intent.governed;
    return { subject: { namespaces: { matchExpressions: [{ key: NAMESPACE_NAME, operator: 'In', values }] } } };
  }

  /** Each its own priority, from the first of ours on: what others have before stays before. */
  numbered(policies: readonly Unnumbered[]): readonly ManifestObject[] {
    const first = Math.min(FIRST_PRIORITY, HIGHEST_PRIORITY + 1 - policies.length);
    if (first < 0) {
      const { title } = this.#api;
      this.findings.diagnostics.push(
        diagnose(CLUSTER_TARGET_PROBLEMS.tooManyPolicies, undefined, title, policies.length),
      );
    }
    return policies.map((policy, at) => policy(first + at));
  }
}

const FIRST_PRIORITY = 100;

function isOf({ value }: Noted, { name }: ClusterGrant): boolean {
  return typeof value === 'object' && 'name' in value && value.name === name;
}
