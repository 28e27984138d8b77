import type { Effect } from '../../ir/index.ts';
import { type Address, type Family, parseAddress } from '../../net/index.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { Goal, Known } from '../netfilter/translation.ts';
import type { ChainContext } from './context.ts';
import type { Options } from './options.ts';
import { addressOf, portOf } from './values.ts';

/** What a target of the table `nat` does to the first packet of a connection, which is accepted in its chain then. */
export interface Translation {
  readonly side: 'src' | 'dst';
  readonly goal: Goal;
  readonly effects: readonly Effect[]; // beside those on the connection's status
  readonly known: Known;
}

const TRANSLATING = ['DNAT', 'SNAT', 'MASQUERADE', 'REDIRECT', 'NETMAP'] as const;
type Translating = (typeof TRANSLATING)[number];

export function isTranslating(name: string): name is Translating {
  return TRANSLATING.some((each) => each === name);
}

export function translationOf(name: Translating, options: Options, context: ChainContext): Translation {
  // How a port or an address is chosen among several, which is nothing more to know.
  for (const flag of ['--random', '--random-fully', '--persistent']) options.take(flag);
  switch (name) {
    case 'DNAT':
      return constant('dst', leadsTo(options.value('--to-destination') ?? '', context.family));
    case 'SNAT':
      return constant('src', leadsTo(options.value('--to-source') ?? '', context.family));
    case 'MASQUERADE':
      return constant('src', { address: 'unknown', port: portsOf(options.value('--to-ports')) });
    case 'REDIRECT':
      return constant('dst', { address: ownAddress(context), port: portsOf(options.value('--to-ports')) });
    case 'NETMAP': {
      const isDestination = context.entries.every(({ hook }) => hook === 'prerouting' || hook === 'output');
      options.value('--to');
      return constant(isDestination ? 'dst' : 'src', { address: 'unknown', port: undefined });
    }
  }
}

/** `undefined`: it stays as it is. */
interface Written {
  readonly address: Address | 'unknown' | undefined;
  readonly port: number | 'unknown' | undefined;
}

function constant(side: 'src' | 'dst', { address, port }: Written): Translation {
  const goal: Goal = {
    ...(address === undefined || address === 'unknown' ? {} : { address }),
    ...(port === undefined || port === 'unknown' ? {} : { port }),
  };
  const changes = goal.address !== undefined || goal.port !== undefined;
  return {
    side,
    goal,
    effects: changes ? [{ kind: 'translate', side, ...goal }] : [],
    known: { address: address !== 'unknown', port: port !== 'unknown' },
  };
}

/** `10.0.0.2`, `10.0.0.2:80`, `:80`, `10.0.0.2-10.0.0.9:80-90`, `[2001:db8::2]:80`. */
function leadsTo(text: string, family: Family): Written {
  const found =
    family === 6
      ? /^(?:\[([^\]]*)\]|([0-9a-fA-F:.]*(?:-[0-9a-fA-F:.]+)?))(?::([0-9a-z/-]+))?$/.exec(
          parseAddress(text) === undefined ? text : `[${text}]`,
        )
      : /^()([^:]*)(?::([0-9a-z/-]+))?$/.exec(text);
  if (found === null) throw new NotUnderstood(`\`${text}\` is no place to send packets to`);
  const written = found[1] || found[2] || '';
  const address = written === '' ? undefined : written.includes('-') ? 'unknown' : addressOf(written, family);
  return { address, port: portsOf(found[3]) };
}

function portsOf(text: string | undefined): number | 'unknown' | undefined {
  if (text === undefined) return undefined;
  return /[-/]/.test(text) && !/^[a-z]/.test(text) ? 'unknown' : portOf(text);
}

/** Packets of this machine's own are sent to the loopback address, all others to one of the interface that they came by. */
function ownAddress({ entries, family }: ChainContext): Address | 'unknown' {
  const own = entries.length > 0 && entries.every(({ hook }) => hook === 'output');
  if (!own) return 'unknown';
  return { family, value: family === 4 ? 0x7f00_0001n : 1n };
}
