import { AddressSet } from '../../../packetset/index.ts';
import { labelled, matches, namespaceNamed } from '../../selector.ts';
import type { ConditionalPeers } from '../conditional.ts';
import { namePattern, namePeers } from '../name-patterns.ts';
import type { Part } from '../part.ts';
import { readCidrSet, readCidrs } from './addresses.ts';
import { ENTITY_NAMES, entityPeers } from './entities.ts';
import { leftOut, type RuleContext } from './facts.ts';
import { CILIUM_PROBLEMS } from './problems.ts';
import { peersOf, readEndpointSelector, readNodeSelector } from './selector.ts';

type Member = 'Endpoints' | 'CIDR' | 'CIDRSet' | 'Entities' | 'Nodes' | 'Groups' | 'Services' | 'FQDNs';

/** Fields that say who is at the other end; one rule has one of them. The first five mean nobody where they are empty lists. */
const MEMBERS: Readonly<Record<RuleContext['direction'], readonly Member[]>> = {
  ingress: ['Endpoints', 'CIDR', 'CIDRSet', 'Entities', 'Nodes', 'Groups'],
  egress: ['Endpoints', 'CIDR', 'CIDRSet', 'Entities', 'Nodes', 'Groups', 'Services', 'FQDNs'],
};
const NOBODY_WHEN_EMPTY: readonly Member[] = ['Endpoints', 'CIDR', 'CIDRSet', 'Entities', 'Nodes'];

export function peerFields({ direction, action }: RuleContext): string[] {
  return MEMBERS[direction]
    .filter((member) => action === 'allow' || member !== 'FQDNs')
    .map((member) => field(member, direction));
}

function field(member: Member, direction: RuleContext['direction']): string {
  return `${direction === 'ingress' ? 'from' : 'to'}${member}`;
}

/** `undefined`: the rule says nothing of who it is (everybody, as far as it speaks of ports). */
export function readPeers(rule: Part, context: RuleContext): readonly ConditionalPeers[] | undefined {
  const { direction } = context;
  const given = MEMBERS[direction].filter((member) => rule.at(field(member, direction)).exists);
  const filled = given.filter((member) => rule.at(field(member, direction)).items().length > 0);
  if (filled.length > 1) {
    const names = filled.map((member) => `\`${field(member, direction)}\``).join(' and ');
    rule.report.say(
      CILIUM_PROBLEMS.refused,
      rule.span,
      rule.path,
      `${names} exclude each other: write a rule for each`,
    );
  }
  if (given.some((member) => NOBODY_WHEN_EMPTY.includes(member) && !filled.includes(member))) return [];
  if (filled.length === 0) return undefined;
  return filled.flatMap((member) => membersOf(member, rule.at(field(member, direction)), context));
}

function membersOf(member: Member, part: Part, context: RuleContext): readonly ConditionalPeers[] {
  switch (member) {
    case 'Endpoints':
      return part.items().flatMap((item) => endpoints(item, context));
    case 'CIDR':
      return [{ peers: [{ kind: 'addresses', ranges: AddressSet.of(readCidrs(part)).ranges() }] }];
    case 'CIDRSet':
      return [{ peers: [{ kind: 'addresses', ranges: readCidrSet(part, context) }] }];
    case 'Entities':
      return entities(part);
    case 'Nodes':
      return [{ peers: part.items().map((item) => ({ kind: 'nodes', nodes: readNodeSelector(item) })) }];
    case 'Groups':
      leftOut(part, context, 'groups of a cloud provider are not known here');
      return [];
    case 'Services':
      return part.items().flatMap((item) => services(item, context));
    case 'FQDNs':
      return names(part);
  }
}

function endpoints(item: Part, context: RuleContext): readonly ConditionalPeers[] {
  const selector = readEndpointSelector(item);
  if (selector.reserved.length > 0) return entityPeers(selector.reserved);
  const workloads = peersOf(selector, context.policy.namespace);
  return [
    {
      peers: [{ kind: 'workloads', workloads }],
      ...(selector.cluster === undefined ? {} : { condition: `in the cluster \`${selector.cluster}\` only` }),
    },
  ];
}

function entities(part: Part): readonly ConditionalPeers[] {
  const written = part.items().flatMap((item) => {
    const text = item.text();
    if (text === undefined || ENTITY_NAMES.includes(text)) return text ?? [];
    return item.report.say(CILIUM_PROBLEMS.badValue, item.span, item.path, text, ENTITY_NAMES.join(', ')) ?? [];
  });
  return entityPeers(written);
}

function services(item: Part, context: RuleContext): readonly ConditionalPeers[] {
  item.only(['k8sService', 'k8sServiceSelector']);
  const byName = item.at('k8sService');
  const byLabel = item.at('k8sServiceSelector');
  byName.only(['serviceName', 'namespace']);
  byLabel.only(['selector', 'namespace']);
  const namespace = byName.at('namespace').text() ?? byLabel.at('namespace').text() ?? '';
  const name = byName.at('serviceName').text();
  const labels = byLabel.exists ? readNodeSelector(byLabel.at('selector')) : undefined;
  if (namespace === 'default' && name === 'kubernetes') return [{ peers: [{ kind: 'api-server' }] }];
  const found = context.facts.services.filter(
    (service) =>
      (namespace === '' || service.namespace === namespace) &&
      (name === undefined || service.name === name) &&
      (labels === undefined || matches(labels, service.labels)),
  );
  const known = found.flatMap((service): ConditionalPeers[] => {
    if (service.selector === undefined) return [];
    const workloads = { namespaces: namespaceNamed(service.namespace), pods: labelled(service.selector) };
    return [{ peers: [{ kind: 'workloads', workloads }] }];
  });
  if (known.length === found.length && (found.length > 0 || labels !== undefined)) return known;
  const what = name === undefined ? 'Services by their labels' : `the Service \`${namespace}/${name}\``;
  item.report.say(CILIUM_PROBLEMS.missingService, item.span, item.path, what);
  leftOut(item, context, `the endpoints of ${what} are not known`);
  return known;
}

function names(part: Part): readonly ConditionalPeers[] {
  const patterns = part.items().flatMap((item) => {
    item.only(['matchName', 'matchPattern']);
    const name = item.at('matchName').text();
    const pattern = item.at('matchPattern').text();
    if (name === undefined && pattern === undefined) return item.missing('matchName') ?? [];
    return [
      ...(name === undefined ? [] : (read(item.at('matchName'), name.includes('*') ? undefined : name) ?? [])),
      ...(pattern === undefined ? [] : (read(item.at('matchPattern'), pattern) ?? [])),
    ];
  });
  return namePeers(patterns);
}

function read(part: Part, text: string | undefined) {
  const found = text === undefined ? undefined : namePattern(text, 'one label');
  if (found !== undefined) return [found];
  const expected = part.path.endsWith('matchName')
    ? 'a name such as `api.example.com`'
    : 'a pattern such as `*.example.com`';
  return part.report.say(CILIUM_PROBLEMS.badValue, part.span, part.path, part.text() ?? '', expected);
}

/** Whom a requirement shuts out: pods that it does not select. */
export function shutOut(item: Part, context: RuleContext): ConditionalPeers {
  const { namespaces, pods, serviceAccounts } = peersOf(readEndpointSelector(item), context.policy.namespace);
  const everything = { kind: 'everything' } as const;
  const not = <Of>(of: Of) => ({ kind: 'not', of }) as const;
  return {
    peers: [
      { kind: 'workloads', workloads: { namespaces: not(namespaces), pods: everything } },
      { kind: 'workloads', workloads: { namespaces: everything, pods: not(pods) } },
      ...(serviceAccounts === undefined
        ? []
        : ([
            {
              kind: 'workloads',
              workloads: { namespaces: everything, pods: everything, serviceAccounts: not(serviceAccounts) },
            },
          ] as const)),
    ],
    condition: `as far as rules name endpoints, which \`${item.path}\` narrows`,
  };
}
