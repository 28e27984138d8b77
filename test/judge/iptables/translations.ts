import type { Family } from '../../../src/net/index.ts';
import { PORT_TARGETS, TARGETS } from '../generate/translations.ts';
import type { Random } from '../random.ts';
import type { Place } from './features.ts';

const DESTINATION: readonly string[] = ['PREROUTING', 'OUTPUT'];
const SOURCE: readonly string[] = ['INPUT', 'POSTROUTING'];

/** Chains that rules of the table `nat` are reached from, where one target fits all: iptables refuses others. */
export const NAT_HOOKS: readonly (readonly string[])[] = [DESTINATION, ['PREROUTING'], SOURCE, ['POSTROUTING']];

/** Since Linux 6.17 connection tracking knows no ports of DCCP, and translates none. */
const WITH_PORTS = ['tcp', 'udp', 'sctp'];

/** A target that translates, and what later rules may ask for then; nothing where none fits the place. */
export interface Translating {
  readonly target: string;
  readonly expected: readonly string[];
}

export function translating(random: Random, { family, hooks, protocol }: Place): Translating | undefined {
  const hasPorts = protocol !== undefined && WITH_PORTS.includes(protocol);
  const port = hasPorts && random.chance(0.5) ? random.pick(PORT_TARGETS) : undefined;
  const address = random.pick(TARGETS[family]);
  if (hooks.every((hook) => DESTINATION.includes(hook))) {
    const asked = expectations('-d', 'dport', 'DNAT', address, protocol, port);
    return random.chance(0.7)
      ? { target: `-j DNAT --to-destination ${placeText(random, family, address, port)}`, expected: asked }
      : {
          target: `-j REDIRECT${port === undefined ? '' : ` --to-ports ${port}`}`,
          expected: asked.filter((each) => !each.startsWith('-d')),
        };
  }
  if (!hooks.every((hook) => SOURCE.includes(hook))) return undefined;
  const asked = expectations('-s', 'sport', 'SNAT', address, protocol, port);
  if (hooks.includes('INPUT') || random.chance(0.6))
    return { target: `-j SNAT --to-source ${placeText(random, family, address, port)}`, expected: asked };
  return {
    target: `-j MASQUERADE${port === undefined ? '' : ` --to-ports ${port}`}${random.chance(0.2) ? ' --random' : ''}`,
    expected: asked.filter((each) => !each.startsWith('-s')),
  };
}

/** One address or, now and then, two of which the kernel takes one; without an address, the port alone. */
function placeText(random: Random, family: Family, address: string, port: number | undefined): string {
  const to = random.chance(0.1) ? `${TARGETS[family][0]}-${TARGETS[family][1]}` : address;
  if (port === undefined) return to;
  if (random.chance(0.15)) return `:${port}`;
  return `${family === 6 ? `[${to}]` : to}:${port}`;
}

function expectations(
  option: '-s' | '-d',
  side: 'sport' | 'dport',
  state: 'SNAT' | 'DNAT',
  address: string,
  protocol: string | undefined,
  port: number | undefined,
): string[] {
  return [
    `${option} ${address}`,
    `-m conntrack --ctstate ${state}`,
    `-m conntrack --ctstate NEW,${state} --ctdir ORIGINAL ${option} ${address}`,
    ...(port === undefined || protocol === undefined ? [] : [`-p ${protocol} --${side} ${port}`]),
  ];
}
