/** What is listed of a live cluster: what says who runs, what leads in and what policies hold, of every product that is read. Never a Secret. */
export interface WantedGroup {
  readonly name: string; // '' is the core group
  readonly versions: readonly string[]; // that are read, the first that the server has is asked
  readonly resources: readonly string[];
}

export const WANTED: readonly WantedGroup[] = [
  {
    name: '',
    versions: ['v1'],
    resources: ['namespaces', 'pods', 'services', 'serviceaccounts', 'replicationcontrollers', 'nodes', 'endpoints'],
  },
  { name: 'apps', versions: ['v1'], resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'] },
  { name: 'batch', versions: ['v1'], resources: ['jobs', 'cronjobs'] },
  { name: 'networking.k8s.io', versions: ['v1'], resources: ['networkpolicies', 'ingresses'] },
  {
    name: 'policy.networking.k8s.io',
    versions: ['v1alpha1'],
    resources: ['adminnetworkpolicies', 'baselineadminnetworkpolicies'],
  },
  { name: 'policy.networking.k8s.io', versions: ['v1alpha2'], resources: ['clusternetworkpolicies'] },
  {
    name: 'gateway.networking.k8s.io',
    versions: ['v1', 'v1beta1'],
    resources: ['gateways', 'httproutes', 'grpcroutes', 'tlsroutes', 'referencegrants'],
  },
  {
    name: 'gateway.networking.k8s.io',
    versions: ['v1alpha3', 'v1alpha2'],
    resources: ['tcproutes', 'udproutes', 'tlsroutes'],
  },
  {
    name: 'crd.projectcalico.org', // where Calico keeps them; its own API server shows the same as projectcalico.org
    versions: ['v1'],
    resources: [
      'networkpolicies',
      'globalnetworkpolicies',
      'stagednetworkpolicies',
      'stagedglobalnetworkpolicies',
      'stagedkubernetesnetworkpolicies',
      'tiers',
      'networksets',
      'globalnetworksets',
      'hostendpoints',
    ],
  },
  {
    name: 'cilium.io',
    versions: ['v2'],
    resources: ['ciliumnetworkpolicies', 'ciliumclusterwidenetworkpolicies', 'ciliumcidrgroups'],
  },
  { name: 'cilium.io', versions: ['v2alpha1'], resources: ['ciliumcidrgroups'] },
  {
    name: 'security.istio.io',
    versions: ['v1', 'v1beta1'],
    resources: ['authorizationpolicies', 'peerauthentications'],
  },
  { name: 'networking.istio.io', versions: ['v1', 'v1beta1'], resources: ['serviceentries', 'sidecars'] },
  { name: 'k8s.cni.cncf.io', versions: ['v1'], resources: ['network-attachment-definitions'] },
  { name: 'k8s.cni.cncf.io', versions: ['v1beta1'], resources: ['multi-networkpolicies'] },
  { name: 'k8s.ovn.org', versions: ['v1'], resources: ['userdefinednetworks', 'clusteruserdefinednetworks'] },
  { name: 'route.openshift.io', versions: ['v1'], resources: ['routes'] },
  { name: 'apps.openshift.io', versions: ['v1'], resources: ['deploymentconfigs'] },
  { name: 'argoproj.io', versions: ['v1alpha1'], resources: ['rollouts'] },
  { name: 'kubevirt.io', versions: ['v1'], resources: ['virtualmachines', 'virtualmachineinstances'] },
  { name: 'serving.knative.dev', versions: ['v1'], resources: ['services'] },
];
