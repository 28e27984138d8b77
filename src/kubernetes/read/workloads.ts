import type { ObjectRef } from '../policy.ts';
import { groupOf } from './api.ts';
import type { Manifest } from './manifest.ts';
import type { Networks } from './networks.ts';
import type { Part } from './part.ts';
import { guestOf, type Pod, podOf } from './pod.ts';

/** Pods, or a template of pods, with whom they belong to. */
export interface FoundPods {
  readonly owner: ObjectRef; // the topmost that is known
  readonly self: ObjectRef; // the object that was read
  readonly isTemplate: boolean;
  readonly pod: Pod;
}

/** Where each kind keeps the template of its pods. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
  DeploymentConfig: ['spec', 'template'], // OpenShift
  Rollout: ['spec', 'template'], // Argo
  CloneSet: ['spec', 'template'], // OpenKruise
  VirtualMachine: ['spec', 'template'], // KubeVirt
  VirtualMachineInstance: [],
  VirtualMachineInstanceReplicaSet: ['spec', 'template'],
};

const GUESTS: readonly string[] = ['VirtualMachine', 'VirtualMachineInstance', 'VirtualMachineInstanceReplicaSet'];

/** Everybody who runs in the cluster, each with its topmost owner. */
export function foundPods(manifests: readonly Manifest[], networks: Networks): FoundPods[] {
  const owners = new Owners(manifests);
  return manifests.flatMap((manifest): FoundPods[] => {
    const { kind, ref, body } = manifest;
    const namespace = ref.namespace ?? 'default';
    if (kind === 'Pod') {
      return [{ owner: owners.topmost(manifest), self: ref, isTemplate: false, pod: podOf(body, namespace, networks) }];
    }
    const template = templateOf(manifest);
    if (template === undefined) return [];
    const read = GUESTS.includes(kind) ? guestOf(template, namespace, networks) : podOf(template, namespace, networks);
    const pod = { ...read, labels: new Map([...read.labels, ...givenLabels(ref)]) };
    return [{ owner: owners.topmost(manifest), self: ref, isTemplate: true, pod }];
  });
}

function templateOf({ apiVersion, kind, body }: Manifest): Part | undefined {
  const path = pathOf(apiVersion, kind);
  if (path === undefined) return undefined;
  const template = body.at(...path);
  if (template.exists) return template;
  // A Rollout may name a Deployment that has the template instead; jobs of others (Volcano) have several.
  return MAY_LACK.includes(kind) ? undefined : body.at(...path.slice(0, -1)).missing(path.at(-1) ?? '');
}

const MAY_LACK: readonly string[] = ['Rollout', 'Job'];

function pathOf(apiVersion: string, kind: string): readonly string[] | undefined {
  if (kind === 'Service') return groupOf(apiVersion) === 'serving.knative.dev' ? ['spec', 'template'] : undefined;
  return Object.hasOwn(TEMPLATES, kind) ? TEMPLATES[kind] : undefined;
}

/** What controllers write on the pods that they make, where it is known before (batch/v1; KubeVirt; Knative). */
function givenLabels({ kind, name }: ObjectRef): readonly (readonly [key: string, value: string])[] {
  switch (kind) {
    case 'Job':
      return [
        ['batch.kubernetes.io/job-name', name],
        ['job-name', name],
      ];
    case 'VirtualMachine':
    case 'VirtualMachineInstance':
      return [
        ['kubevirt.io', 'virt-launcher'],
        ['vm.kubevirt.io/name', name],
      ];
    case 'Service':
      return [['serving.knative.dev/service', name]];
    default:
      return [];
  }
}

/** Who belongs to whom. */
class Owners {
  readonly #objects: ReadonlyMap<string, Manifest>;

  constructor(manifests: readonly Manifest[]) {
    this.#objects = new Map(manifests.map((manifest) => [keyOf(manifest.ref), manifest]));
  }

  /** A pod belongs to whatever its owner is; what makes pods belongs to another only if that makes pods, too (not to an operator’s object). */
  topmost(manifest: Manifest): ObjectRef {
    const seen = new Set<string>();
    let ref = manifest.ref;
    let object: Manifest | undefined = manifest;
    while (object !== undefined && !seen.has(keyOf(ref))) {
      seen.add(keyOf(ref));
      const owner = ownerOf(object);
      if (owner === undefined || (object.kind !== 'Pod' && !Object.hasOwn(TEMPLATES, owner.kind))) break;
      ref = owner;
      object = this.#objects.get(keyOf(ref));
    }
    // A guest has the name of the virtual machine that starts it.
    const machine = { ...ref, kind: 'VirtualMachine' };
    return ref.kind === 'VirtualMachineInstance' && this.#objects.has(keyOf(machine)) ? machine : ref;
  }
}

function keyOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace}/${name}`;
}

/** The owner that controls it, else the first; a pod that the kubelet of a node runs by itself belongs to nobody. */
function ownerOf({ ref, body }: Manifest): ObjectRef | undefined {
  const listed = body.at('metadata', 'ownerReferences').items();
  const owner = listed.find((each) => each.at('controller').flag() === true) ?? listed[0];
  const name = owner?.at('name').text();
  if (owner === undefined || name === undefined) return undefined;
  const kind = owner.at('kind').text() || ref.kind;
  return kind === 'Node' ? undefined : { ...ref, kind, name };
}
