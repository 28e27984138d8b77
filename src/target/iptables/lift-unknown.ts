import { formatRate, type Match, not, symbol } from '../../ir/index.ts';
import { NotUnderstood } from '../netfilter/not-understood.ts';
import type { Option } from './ast.ts';
import { optionTexts } from './canonical.ts';
import type { MatchLifter } from './lift-transport.ts';
import { isPolicyChain } from './names.ts';
import type { Options } from './options.ts';
import { rateOfMatch } from './rate.ts';

/** Matches whose answer is a property of the packet that no other part of it tells: the same wherever it is asked. */
export const PROPERTIES: readonly string[] = [
  'bpf',
  'cgroup',
  'cluster',
  'connbytes',
  'connlabel',
  'cpu',
  'dst',
  'eui64',
  'frag',
  'hbh',
  'helper',
  'ipv6header',
  'ipvs',
  'mh',
  'osf',
  'physdev',
  'policy',
  'realm',
  'rpfilter',
  'rt',
  'socket',
  'srh',
  'string',
  'tcpmss',
  'time',
  'u32',
];

/** Those of which `!` is the opposite for every packet; others match no packet that lacks what they look at, negated or not. */
const WITH_OPPOSITE: ReadonlySet<string> = new Set(['cpu', 'realm', 'string', 'u32']);

/** A match of which only its text is known. */
export function property(name: string): MatchLifter {
  return (options, { host }) => {
    const all = options.rest();
    const negated = all.filter((option) => option.negated);
    if (negated.length !== 1 || !WITH_OPPOSITE.has(name)) return [host.unknowns.property(text(name, all))];
    return [not(host.unknowns.property(text(name, all.map(plain))))];
  };
}

function plain(option: Option): Option {
  return { ...option, negated: false };
}

function text(name: string, options: readonly Option[]): string {
  return [name, ...optionTexts(options)].join(' ');
}

/** Matches that depend on what came before: a question of its own each time. */
export const VOLATILE: readonly string[] = ['rateest', 'statistic'];

export function volatile(name: string): MatchLifter {
  return (options, context) => {
    const all = options.rest();
    return context.decides ? [context.host.unknowns.occurrence(text(name, all), context)] : [];
  };
}

/** Conditions on what was counted before are put as "beyond": one that does not hold is the quiet case. */
function beyond(name: string): MatchLifter {
  return (options, context) => {
    const all = options.rest();
    return context.decides ? [not(context.host.unknowns.occurrence(`beyond ${text(name, all)}`, context))] : [];
  };
}

export const limit = beyond('limit');

/** `quota` matches until so many bytes have passed; negated, from then on. */
export const quota: MatchLifter = (options, context) => {
  if (!context.decides) return skipped(options);
  return [
    options.condition('--quota', (bytes) => not(context.host.unknowns.occurrence(`beyond quota ${bytes}`, context))),
  ];
};

function skipped(options: Options): [] {
  options.rest();
  return [];
}

/** `nfacct` counts, and matches always but where its object is a quota that is not used up. */
export const nfacct: MatchLifter = (options, context) => {
  const name = options.value('--nfacct-name') ?? '';
  return context.decides
    ? [not(context.host.unknowns.occurrence(`nfacct ${name} is a quota that is not used up`, context))]
    : [];
};

/** Above a rate, or up to it. */
export const hashlimit: MatchLifter = (options, context) => {
  const own = isPolicyChain(context.chain) ? rateOfMatch(options.all()) : undefined;
  if (own !== undefined) {
    options.rest();
    return [symbol({ kind: 'within-rate', flow: own.flow, limit: formatRate(own.rate) })];
  }
  const above = options.take('--hashlimit-above');
  const upTo = options.take('--hashlimit-upto') ?? options.take('--hashlimit');
  const rest = options.rest();
  return counted('hashlimit', above, upTo, rest, context);
};

/** More connections at once than so many, or no more. */
export const connlimit: MatchLifter = (options, context) => {
  const above = options.take('--connlimit-above');
  const upTo = options.take('--connlimit-upto');
  return counted('connlimit', above, upTo, options.rest(), context);
};

function counted(
  name: string,
  above: Option | undefined,
  upTo: Option | undefined,
  rest: readonly Option[],
  context: Parameters<MatchLifter>[1],
): Match[] {
  const amount = above ?? upTo;
  if (amount === undefined || (above !== undefined && upTo !== undefined))
    throw new NotUnderstood(`\`${name}\` names no amount, or two`);
  if (!context.decides) return [];
  const more = context.host.unknowns.occurrence(
    [`beyond ${name} ${amount.values.join(' ')}`, ...optionTexts(rest)].join(' '),
    context,
  );
  return [(above !== undefined) !== amount.negated ? more : not(more)];
}

/** Lists of addresses that rules keep (net/netfilter/xt_recent.c): `--set` matches always. */
export const recent: MatchLifter = (options, context) => {
  const set = options.take('--set');
  const rest = options.rest();
  if (set !== undefined) return set.negated ? [not({ kind: 'everything' })] : [];
  if (!context.decides && rest.every((option) => option.name !== '--update')) return [];
  const asked = rest.filter(({ negated }) => negated);
  const found = context.host.unknowns.occurrence(text('recent', rest.map(plain)), context);
  return [asked.length > 0 ? not(found) : found];
};
