import type { ComposeService, PublishedPort } from '../../docker/index.ts';
import { type Address, type Family, formatAddress, formatPortRange, isLoopback } from '../../net/index.ts';
import type { Reach } from './reach.ts';
import { literal, type YamlValue } from './yaml-text.ts';

/** What becomes of one port of the Compose file. */
export interface NarrowedPort {
  readonly port: PublishedPort;
  readonly index: number; // of the first container port that is meant, within its range
  readonly count: number;
  readonly fate: 'kept' | 'loopback' | 'dropped';
}

/** Each port by whom flows let in, ports of a range together that fare alike. Never wider than it was. */
export function narrowPorts(
  { published }: Pick<ComposeService['container'], 'published'>,
  reachOf: (port: PublishedPort, containerPort: number) => Reach,
): readonly NarrowedPort[] {
  return published.flatMap((port) => {
    const { first, last } = port.containerPorts;
    const fates = Array.from({ length: last - first + 1 }, (_, index) => fateOf(port, reachOf(port, first + index)));
    return runs(fates).map((run) => ({ port, ...run }));
  });
}

function fateOf({ on }: PublishedPort, reach: Reach): NarrowedPort['fate'] {
  switch (reach) {
    case 'nobody':
      return 'dropped';
    case 'machine':
      return on !== undefined && isLoopback(on) ? 'kept' : 'loopback';
    case 'others':
      return 'kept';
  }
}

function runs(fates: readonly NarrowedPort['fate'][]): Omit<NarrowedPort, 'port'>[] {
  const found: { index: number; count: number; fate: NarrowedPort['fate'] }[] = [];
  for (const [index, fate] of fates.entries()) {
    const last = found.at(-1);
    if (last?.fate === fate) last.count++;
    else found.push({ index, count: 1, fate });
  }
  return found;
}

/**
 * A port as an entry of the override. One that is kept whole stays as it was written, unless its variables could lead it elsewhere: the
 * policy was asked about what they stand for now.
 */
export function portEntry({ port, index, count, fate }: NarrowedPort): YamlValue {
  const { written, containerPorts, protocol } = port;
  const isWhole = count === containerPorts.last - containerPorts.first + 1;
  if (fate === 'kept' && isWhole && written !== undefined && isSettled(port)) return asWritten(written.entry);
  const on = fate === 'loopback' ? loopbackOf(port.families) : port.on;
  const first = containerPorts.first + index;
  if (count > 1) return shortForm(port, index, count, on);
  const host = isWhole ? (written?.host ?? hostText(port)) : hostText(port, index, count);
  const others = typeof written?.entry === 'object' ? [...written.entry] : [];
  return {
    map: [
      { key: 'target', value: first },
      ...(host === '' ? [] : [{ key: 'published', value: host }]),
      ...(on === undefined ? everyAddress(port) : [{ key: 'host_ip', value: formatAddress(on) }]),
      { key: 'protocol', value: protocol },
      ...others.filter(([key]) => !OWN_KEYS.has(key)).map(([key, value]) => ({ key, value })),
    ],
  };
}

const OWN_KEYS = new Set(['target', 'published', 'host_ip', 'protocol']);

/** Whether variables are more than a port of the machine, so that what is written has to be without them. */
export function losesVariables(narrowed: NarrowedPort): boolean {
  const { written, containerPorts } = narrowed.port;
  if (written === undefined || narrowed.fate === 'dropped' || isSettled(narrowed.port)) return false;
  return containerPorts.first !== containerPorts.last || written.host === undefined || !isSettledBeside(written);
}

type Written = NonNullable<PublishedPort['written']>;

/** No variable but in the machine's port: whatever the environment holds, it is still what the policy was asked about. */
export function isSettled({ written }: PublishedPort): boolean {
  return written === undefined || isSettledBeside(written);
}

function isSettledBeside({ entry, host = '' }: Written): boolean {
  if (typeof entry !== 'string')
    return [...entry].every(([key, text]) => !text.includes('$') || (text === host && key === 'published'));
  return !entry.replace(host, '').includes('$');
}

function asWritten(entry: Written['entry']): YamlValue {
  if (typeof entry === 'string') return entry;
  return {
    map: [...entry].map(([key, value]) => ({
      key,
      value: key === 'target' && /^\d+$/.test(value) ? Number(value) : value,
    })),
  };
}

/** Of one family where it was of one: every address of the other was never meant. */
function everyAddress({ families }: PublishedPort) {
  const [only] = families;
  if (families.length !== 1 || only === undefined) return [];
  return [{ key: 'host_ip', value: only === 4 ? '0.0.0.0' : '::' }];
}

function loopbackOf(families: readonly Family[]): Address {
  return families.includes(4) ? { family: 4, value: 0x7f00_0001n } : { family: 6, value: 1n };
}

function hostText({ ports, containerPorts }: PublishedPort, index = 0, count = 1): string {
  if (ports === undefined) return '';
  const isParallel = ports.last - ports.first === containerPorts.last - containerPorts.first;
  if (!isParallel) return formatPortRange(ports);
  return formatPortRange({ first: ports.first + index, last: ports.first + index + count - 1 });
}

/** The only form that has room for ranges of both sides. */
function shortForm(port: PublishedPort, index: number, count: number, on: Address | undefined): string {
  const first = port.containerPorts.first + index;
  const container = formatPortRange({ first, last: first + count - 1 });
  const every = port.families.length === 2 ? '' : port.families[0] === 4 ? '0.0.0.0' : '[::]';
  const at = on === undefined ? every : on.family === 6 ? `[${formatAddress(on)}]` : formatAddress(on);
  const host = hostText(port, index, count);
  const parts = at === '' ? [...(host === '' ? [] : [host]), container] : [at, host, container];
  return literal(`${parts.join(':')}/${port.protocol}`);
}

/** A port as people write it: `tcp/8080`. */
export function portText({ port, index, count }: NarrowedPort): string {
  const first = port.containerPorts.first + index;
  return `${port.protocol}/${formatPortRange({ first, last: first + count - 1 })}`;
}
