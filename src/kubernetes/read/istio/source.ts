import { AddressSet } from '../../../packetset/index.ts';
import { type ClusterPeer, type PolicyRule, SERVICE_ACCOUNT_NAME, type WorkloadSelector } from '../../policy.ts';
import { EVERYTHING, NAMESPACE_NAME } from '../../selector.ts';
import { ALL_ADDRESSES, blockOf } from '../address-meaning.ts';
import { addressPeers, briefly } from '../address-peers.ts';
import { CONTROLLER, type ConditionalPeers, joined } from '../conditional.ts';
import type { Part } from '../part.ts';
import { account, both, complement, is, like, type Mesh } from './mesh.ts';
import { ISTIO_PROBLEMS } from './problems.ts';

const IDENTITIES = ['principals', 'namespaces', 'serviceAccounts'] as const;
const REQUESTS = ['requestPrincipals', 'remoteIpBlocks'] as const;
const FIELDS = [...IDENTITIES, ...REQUESTS, 'ipBlocks'].flatMap((name) => [name, negated(name)]);

function negated(name: string): string {
  return `not${name[0]!.toUpperCase()}${name.slice(1)}`;
}

/** What is read of a source, before it is known which pods these are. */
interface Identity {
  readonly workloads: WorkloadSelector;
  readonly condition?: string; // it asks for more than is followed
}

/** `from[].source`: all of its fields must hold. */
export function readSource(
  source: Part,
  action: PolicyRule['action'],
  mesh: Mesh,
  namespace: string,
): readonly ConditionalPeers[] {
  source.only(FIELDS);
  checkFilled(source, FIELDS);
  const positive = IDENTITIES.map((name) => readIdentities(source.at(name), name, namespace)).filter(
    (list) => list !== undefined,
  );
  const negative = IDENTITIES.flatMap((name) => readIdentities(source.at(negated(name)), name, namespace) ?? []);
  const addresses = readAddresses(source);
  const requests = REQUESTS.flatMap((name) => [name, negated(name)])
    .filter((name) => source.at(name).exists)
    .map((name) => `\`${name}\` of the request as \`${source.path}\` asks`);
  const found =
    positive.length > 0
      ? known(positive, negative, addresses, mesh)
      : negative.length > 0
        ? unknown(negative, addresses)
        : addressPeers(addresses ?? ALL_ADDRESSES, action);
  return found.map((each) => ({ peers: each.peers, ...joined([each.condition, ...requests]) }));
}

/** Istio refuses lists and sources in which nothing stands. */
export function checkFilled(part: Part, names: readonly string[]): void {
  const given = names.filter((name) => part.at(name).exists);
  const refused = (at: Part, why: string) => part.report.say(ISTIO_PROBLEMS.refused, at.span, at.path, why);
  if (given.length === 0) refused(part, 'it is empty: leave it out to mean everything');
  for (const name of given) if (part.at(name).texts().includes('')) refused(part.at(name), 'it has an empty text');
}

/** Who shows a certificate of the mesh: its pods alone. */
function known(
  positive: readonly (readonly Identity[])[],
  negative: readonly Identity[],
  addresses: AddressSet | undefined,
  mesh: Mesh,
): ConditionalPeers[] {
  let identities: readonly Identity[] = [{ workloads: { namespaces: EVERYTHING, pods: EVERYTHING } }];
  for (const list of positive) {
    identities = identities.flatMap((one) =>
      list.map((other) => ({
        workloads: both(one.workloads, other.workloads),
        ...joined([one.condition, other.condition]),
      })),
    );
  }
  const inAddresses = addresses === undefined ? undefined : `where its address is in ${briefly(addresses)}`;
  const excluded = negative.map(({ condition }) => condition);
  const rest = negative.reduce<readonly WorkloadSelector[]>(
    (left, { workloads }) => left.flatMap((one) => complement(workloads).map((other) => both(one, other))),
    [{ namespaces: EVERYTHING, pods: EVERYTHING }],
  );
  const peersIn = (members: readonly WorkloadSelector[], { workloads }: Identity): ClusterPeer[] =>
    members.flatMap((member) =>
      rest.map((left) => ({ kind: 'workloads', workloads: both(both(workloads, member), left) }) as const),
    );
  return identities.flatMap((identity) => {
    const condition = joined([identity.condition, inAddresses, ...excluded]);
    const unsure = joined([identity.condition, inAddresses, ...excluded, 'where it is in the mesh, as one of these']);
    const certain = peersIn([...mesh.sidecars, ...mesh.ambient], identity);
    // The gateway of Istio's own may be the controller that Ingress speaks to.
    return [
      { peers: certain, ...condition },
      { peers: [...peersIn(mesh.unknown, identity), CONTROLLER], ...unsure },
    ];
  });
}

/** Everybody but some: also who shows no certificate, whoever that is (ISTIO-SECURITY-2021-004). */
function unknown(negative: readonly Identity[], addresses: AddressSet | undefined): ConditionalPeers[] {
  const inAddresses = addresses === undefined ? undefined : `from ${briefly(addresses)}`;
  const others: readonly ClusterPeer[] = [
    { kind: 'addresses', ranges: (addresses ?? ALL_ADDRESSES).ranges() },
    { kind: 'nodes', nodes: EVERYTHING },
  ];
  const rest = negative.reduce<readonly WorkloadSelector[]>(
    (left, { workloads }) => left.flatMap((one) => complement(workloads).map((other) => both(one, other))),
    [{ namespaces: EVERYTHING, pods: EVERYTHING }],
  );
  const certain = rest.map((workloads) => ({ kind: 'workloads', workloads }) as const);
  const named = negative.map(({ workloads }) => ({ kind: 'workloads', workloads }) as const);
  return [
    { peers: others },
    { peers: certain, ...joined([inAddresses, ...negative.map(({ condition }) => condition)]) },
    { peers: named, ...joined([inAddresses, 'connections without mutual TLS only']) },
  ];
}

function readIdentities(part: Part, kind: (typeof IDENTITIES)[number], own: string): Identity[] | undefined {
  return part.exists ? part.texts().map((text) => identity(kind, text, own)) : undefined;
}

function identity(kind: (typeof IDENTITIES)[number], text: string, own: string): Identity {
  switch (kind) {
    case 'principals':
      return principal(text);
    case 'namespaces':
      return { workloads: account(like(NAMESPACE_NAME, text), undefined) };
    case 'serviceAccounts': {
      const slash = text.indexOf('/');
      const namespace = slash === -1 ? own : text.slice(0, slash);
      return { workloads: account(is(NAMESPACE_NAME, namespace), is(SERVICE_ACCOUNT_NAME, text.slice(slash + 1))) };
    }
  }
}

/** `cluster.local/ns/shop/sa/web`, or such a text with `*` at one end. */
function principal(text: string): Identity {
  const exact = /^([^/]+)\/ns\/([^/*]+)\/sa\/([^/*]+)$/.exec(text);
  if (exact !== null) {
    const [, domain, namespace, name] = exact;
    const workloads = account(is(NAMESPACE_NAME, namespace!), is(SERVICE_ACCOUNT_NAME, name!));
    // Who has the mesh named otherwise says so everywhere (istio.io, trust domain).
    return domain === '*' || domain === 'cluster.local'
      ? { workloads }
      : { workloads, condition: `in the trust domain \`${domain}\` only` };
  }
  const anybody = account(undefined, undefined);
  if (text === '*' || text === 'cluster.local/*') return { workloads: anybody };
  const start = /^cluster\.local\/ns\/([^/*]+)\/(?:sa\/([^/*]*))?\*$/.exec(text);
  if (start !== null) {
    const name = start[2] === undefined || start[2] === '' ? undefined : like(SERVICE_ACCOUNT_NAME, `${start[2]}*`);
    return { workloads: account(is(NAMESPACE_NAME, start[1]!), name) };
  }
  const end = /^\*\/sa\/([^/*]+)$/.exec(text);
  if (end !== null) return { workloads: account(undefined, is(SERVICE_ACCOUNT_NAME, end[1]!)) };
  return { workloads: anybody, condition: `principals like \`${text}\` only` };
}

function readAddresses(source: Part): AddressSet | undefined {
  const wanted = readBlocks(source.at('ipBlocks'));
  const unwanted = readBlocks(source.at('notIpBlocks'));
  if (wanted === undefined && unwanted === undefined) return undefined;
  return (wanted ?? ALL_ADDRESSES).subtract(unwanted ?? AddressSet.empty);
}

function readBlocks(part: Part): AddressSet | undefined {
  if (!part.exists) return undefined;
  return AddressSet.of(
    part.items().flatMap((item) => {
      const text = item.text();
      if (text === undefined) return [];
      const expected = 'an address or an address block such as `10.0.0.0/8`';
      return blockOf(text) ?? item.report.say(ISTIO_PROBLEMS.badValue, item.span, item.path, text, expected) ?? [];
    }),
  );
}
