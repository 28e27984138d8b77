import { IntervalSet } from '../../../packetset/index.ts';
import type { ClusterOpaque } from '../../cluster.ts';
import { type ClusterPolicy, formatRef, type PolicyRule, type PortMatch } from '../../policy.ts';
import { EVERYTHING, labelled, namespaceNamed } from '../../selector.ts';
import { type ConditionalPeers, joined } from '../conditional.ts';
import type { Manifest } from '../manifest.ts';
import type { Part } from '../part.ts';
import { forMembers, type Mesh, ROOT_NAMESPACE } from './mesh.ts';
import { ISTIO_PROBLEMS } from './problems.ts';
import { checkFilled, readSource } from './source.ts';

/** What Istio's proxies take at all: TCP (istio.io, "Traffic routing"). */
export const EVERY_TCP: PortMatch = { kind: 'ports', protocol: 'TCP', first: 1, last: 65_535 };

const FIELDS = ['selector', 'targetRef', 'targetRefs', 'action', 'provider', 'rules'];
const ACTIONS = ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'];

/**
 * AuthorizationPolicy: what any DENY matches is denied; what remains is denied where an ALLOW is about the workload and none matches
 * (istio.io, AuthorizationPolicy). That is one stage of ours, whose rules are a union.
 */
export function readAuthorization(manifest: Manifest, mesh: Mesh, opaque: ClusterOpaque[]): ClusterPolicy[] {
  const { ref, body, span } = manifest;
  const spec = body.at('spec');
  spec.only(FIELDS);
  const action = readAction(spec);
  const rules = spec
    .at('rules')
    .items()
    .flatMap((rule) => readRule(rule, action, mesh, ref.namespace ?? 'default'));
  const subject = readSelector(spec, ref.namespace ?? 'default');
  const isFor = ['targetRef', 'targetRefs'].filter((key) => spec.at(key).exists);
  if (isFor.length > 0 && spec.at('selector').exists) {
    spec.report.say(
      ISTIO_PROBLEMS.refused,
      spec.span,
      spec.path,
      `\`selector\` and \`${isFor[0]}\` exclude each other`,
    );
  }
  if (manifest.annotations.get('istio.io/dry-run') === 'true') {
    spec.report.say(ISTIO_PROBLEMS.dryRun, span, formatRef(ref));
    return [];
  }
  const notFollowed = (reason: string): [] => {
    opaque.push({ ref, span, text: formatRef(ref), reason, bounds: 'narrower' });
    return [];
  };
  if (isFor.length > 0) return notFollowed('it holds at a gateway or waypoint, which is not followed');
  switch (action) {
    case 'AUDIT':
    case undefined:
      return [];
    case 'CUSTOM':
      return notFollowed('what its provider decides is not known here');
    case 'ALLOW':
    case 'DENY': {
      if (action === 'DENY' && !spec.at('rules').exists) {
        spec.report.say(
          ISTIO_PROBLEMS.ignored,
          spec.span,
          spec.path,
          'a policy that denies needs `rules`: without them it matches nothing',
        );
      }
      const ingress = { isolates: action === 'ALLOW', rules };
      return forMembers(mesh, { ref, span, subject, ingress, egress: undefined });
    }
  }
}

function readAction(spec: Part): 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM' | undefined {
  const part = spec.at('action');
  const text = part.text() ?? 'ALLOW';
  if (text === 'ALLOW' || text === 'DENY' || text === 'AUDIT' || text === 'CUSTOM') return text;
  return part.report.say(ISTIO_PROBLEMS.badValue, part.span, part.path, text, ACTIONS.join(', '));
}

/** Whom it is about: pods of its namespace, of the root namespace those of all. */
export function readSelector(spec: Part, namespace: string, key = 'selector', labels = 'matchLabels') {
  const selector = spec.at(key);
  selector.only([labels]);
  return {
    namespaces: namespace === ROOT_NAMESPACE ? EVERYTHING : namespaceNamed(namespace),
    pods: labelled(selector.at(labels).labels()),
  };
}

/** Any source, any operation, all conditions. */
function readRule(part: Part, action: string | undefined, mesh: Mesh, namespace: string): PolicyRule[] {
  part.only(['from', 'to', 'when']);
  const does = action === 'DENY' ? 'deny' : 'allow';
  const from = listOf(part.at('from'), 'source', (source) => readSource(source, does, mesh, namespace));
  const to = listOf(part.at('to'), 'operation', (operation) => [readOperation(operation)]);
  const when = part.at('when').items().map(readCondition);
  const sources: readonly ConditionalPeers[] = from ?? [{ peers: [{ kind: 'everybody' }] }];
  return sources.flatMap((source) =>
    (to ?? [{ ports: [EVERY_TCP], conditions: [] }]).map(
      (operation): PolicyRule => ({
        action: does,
        peers: source.peers,
        ports: operation.ports,
        ...joined([source.condition, ...operation.conditions, ...when]),
        span: part.span,
      }),
    ),
  );
}

function listOf<Of>(part: Part, key: string, read: (inner: Part) => readonly Of[]): readonly Of[] | undefined {
  if (!part.exists) return undefined;
  const items = part.items();
  if (items.length === 0) {
    part.report.say(ISTIO_PROBLEMS.refused, part.span, part.path, 'it is empty: leave it out to mean everything');
  }
  return items.flatMap((item) => {
    item.only([key]);
    return item.at(key).exists ? read(item.at(key)) : (item.missing(key) ?? []);
  });
}

interface Operation {
  readonly ports: readonly PortMatch[];
  readonly conditions: readonly string[];
}

const OF_REQUESTS = ['hosts', 'notHosts', 'methods', 'notMethods', 'paths', 'notPaths'];
const ALL_PORTS = IntervalSet.of([{ first: 1n, last: 65_535n }]);

function readOperation(part: Part): Operation {
  part.only(['ports', 'notPorts', ...OF_REQUESTS]);
  checkFilled(part, ['ports', 'notPorts', ...OF_REQUESTS]);
  const wanted = part.at('ports').exists ? readPorts(part.at('ports')) : ALL_PORTS;
  const ports = wanted.subtract(readPorts(part.at('notPorts')));
  return {
    ports: ports.intervals.map(({ first, last }) => ({
      kind: 'ports',
      protocol: 'TCP',
      first: Number(first),
      last: Number(last),
    })),
    conditions: OF_REQUESTS.filter((key) => part.at(key).exists).map((key) => {
      const values = part.at(key).texts();
      const shown = values.slice(0, 3).join(', ');
      return `requests with ${key} ${shown}${values.length > 3 ? ` and ${values.length - 3} more` : ''}`;
    }),
  };
}

function readPorts(part: Part): IntervalSet {
  return IntervalSet.of(
    part.items().flatMap((item) => {
      const text = item.text();
      if (text === undefined) return [];
      const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
      if (port >= 1 && port <= 65_535) return [{ first: BigInt(port), last: BigInt(port) }];
      return (
        item.report.say(ISTIO_PROBLEMS.badValue, item.span, item.path, text, 'a port from 1 to 65535, as text') ?? []
      );
    }),
  );
}

/** An attribute of the connection or the request, for people. */
function readCondition(part: Part): string {
  part.only(['key', 'values', 'notValues']);
  const key = part.at('key').text();
  if (key === undefined) part.missing('key');
  const values = part.at('values').texts();
  const notValues = part.at('notValues').texts();
  if (values.length + notValues.length === 0) {
    part.report.say(ISTIO_PROBLEMS.refused, part.span, part.path, 'it needs `values` or `notValues`');
  }
  const is = values.length === 0 ? [] : [`is ${values.join(' or ')}`];
  const isNot = notValues.length === 0 ? [] : [`is not ${notValues.join(' or ')}`];
  return `where \`${key ?? ''}\` ${[...is, ...isNot].join(' and ')}`;
}
