import { type Address, type AddressRange, range } from '../net/index.ts';
import type { Attachment, DockerContainer, DockerFacts, DockerNetwork } from './facts.ts';

/**
 * The same facts with addresses for those containers that Docker has yet to give some, and subnets for those networks: what a policy says
 * of a container can be asked then. Which addresses they are must not matter, so they lie where Docker's own choices do.
 */
export function withStandIns(facts: DockerFacts): DockerFacts {
  const networks = withSubnets(facts.networks);
  const free = new Map(networks.map((network) => [network.name, network.subnets.map(fromTheEnd)]));
  const taken = new Set(
    facts.containers.flatMap(({ attachments }) => attachments.flatMap(({ addresses }) => addresses.map(keyOf))),
  );
  return {
    ...facts,
    networks,
    containers: facts.containers.map((container) => withAddresses(container, free, taken)),
  };
}

function withAddresses(
  container: DockerContainer,
  free: ReadonlyMap<string, readonly Iterator<Address>[]>,
  taken: Set<string>,
): DockerContainer {
  const attachments = container.attachments.map((attachment): Attachment => {
    const given = (free.get(attachment.network) ?? []).flatMap((addresses) => next(addresses, taken) ?? []);
    const missing = given.filter(({ family }) => !attachment.addresses.some((own) => own.family === family));
    return { ...attachment, addresses: [...attachment.addresses, ...missing] };
  });
  return { ...container, attachments };
}

function next(addresses: Iterator<Address>, taken: Set<string>): Address | undefined {
  for (;;) {
    const { value, done } = addresses.next();
    if (done === true) return undefined;
    if (!taken.has(keyOf(value))) return value;
  }
}

/** All but the first two, which are the network's and its gateway's, and the last, which is its broadcast. */
function* fromTheEnd({ family, first, last }: AddressRange): Generator<Address> {
  for (let value = last - 1n; value > first + 1n; value--) yield { family, value };
}

function keyOf({ family, value }: Address): string {
  return `${family} ${value}`;
}

/** Within what Docker chooses from by itself (libnetwork, ipamutils): IPv4, and unique local addresses (RFC 4193). */
const POOLS: readonly { readonly within: AddressRange; readonly size: bigint }[] = [
  { within: range('172.16.0.0/12'), size: 1n << 8n },
  { within: range('fd00:c0de::/48'), size: 1n << 64n },
];

function withSubnets(networks: readonly DockerNetwork[]): readonly DockerNetwork[] {
  const used = networks.flatMap(({ subnets }) => [...subnets]);
  return networks.map((network) => {
    if (network.subnets.length > 0) return network;
    const subnets = POOLS.flatMap(({ within, size }) => freeBlock(within, size, used) ?? []);
    used.push(...subnets);
    return { ...network, subnets };
  });
}

function freeBlock({ family, first, last }: AddressRange, size: bigint, used: readonly AddressRange[]) {
  for (let block: AddressRange = { family, first: last - size + 1n, last }; block.first >= first; ) {
    const other = used.find((each) => each.family === family && each.first <= block.last && block.first <= each.last);
    if (other === undefined) return block;
    const end = block.first - 1n;
    block = { family, first: end - size + 1n, last: end };
  }
  return undefined;
}
