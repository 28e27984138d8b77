import {
  NAMESPACE_NAME,
  printCalicoSelector,
  renamed,
  SERVICE_ACCOUNT_NAME,
  type Selector,
  type WorkloadSelector,
} from '../../kubernetes/index.ts';
import type { ObjectTree } from '../cluster/manifest.ts';

/** By which Calico knows a namespace, and a service account, in selectors of these (docs.tigera.io, resource NetworkPolicy, selectors). */
const NAME_LABEL = 'projectcalico.org/name';

/** Who is meant, as an end of a rule says it. The namespace is always said: without it a rule would mean the policy's own. */
export function entityOf({ namespaces, pods, serviceAccounts }: WorkloadSelector): ObjectTree {
  return {
    namespaceSelector: namespaces.kind === 'everything' ? 'all()' : printCalicoSelector(byName(namespaces)),
    selector: pods.kind === 'everything' ? undefined : printCalicoSelector(pods),
    serviceAccounts:
      serviceAccounts === undefined ? undefined : { selector: printCalicoSelector(byName(serviceAccounts)) },
  };
}

/** The subjects of a policy of one namespace; with `namespaces`, of a global one, which holds for no interface of a node then. */
export function subjectOf({ pods, serviceAccounts }: WorkloadSelector, namespaces?: Selector): ObjectTree {
  return {
    namespaceSelector: namespaces === undefined ? undefined : printCalicoSelector(byName(namespaces)),
    selector: printCalicoSelector(pods),
    serviceAccountSelector: serviceAccounts === undefined ? undefined : printCalicoSelector(byName(serviceAccounts)),
  };
}

function byName(selector: Selector): Selector {
  return renamed(selector, (key) => (key === NAMESPACE_NAME || key === SERVICE_ACCOUNT_NAME ? NAME_LABEL : key));
}

const ZONE_LABEL = 'portcullis.dev/zone';

/** Labels of a network set, and the selector that finds it: pods carry a label of Calico's that sets have not, whatever they are labelled. */
export function setLabels(name: string): ObjectTree {
  return { [ZONE_LABEL]: name };
}
export function setSelector(name: string): string {
  return `${ZONE_LABEL} == '${name}' && !has(projectcalico.org/orchestrator)`;
}
