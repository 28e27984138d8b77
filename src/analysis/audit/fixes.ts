import type { Chain, Flow, Hook, Origin, Table } from '../../ir/index.ts';
import type { Family } from '../../net/index.ts';
import { evaluate } from '../../semantics/index.ts';
import type { Fix } from './finding.ts';
import type { AuditView } from './view.ts';

/** A base chain with the words by which nft knows it: `inet filter input`. */
export interface Place {
  readonly table: Table;
  readonly chain: Chain;
  readonly name: string;
}

/** The base chain that decides about a packet at its own hook; only nft's rules have a language to mend them in. */
export function placeOf(view: AuditView, flow: Flow): Place | undefined {
  if (view.ruleset.layer !== 'nftables') return undefined;
  const last = evaluate(view.ruleset, flow).path.at(-1);
  const table = view.ruleset.tables.find(({ name }) => name === last?.table);
  const chain = table?.chains.find(({ base }) => base?.hook === flow.hook);
  if (table === undefined || chain === undefined) return undefined;
  return { table, chain, name: `${table.name} ${chain.name}` };
}

/** Commands that put rules before all others of the base chain. */
export function inserted(place: Place | undefined, rules: readonly string[]): { readonly fix?: Fix } {
  if (place === undefined || rules.length === 0) return {};
  return { fix: { language: 'nft', remove: [], add: rules.map((rule) => `insert rule ${place.name} ${rule}`) } };
}

/** Rules for the families of a table. */
export function byFamily(
  place: Place | undefined,
  wanted: readonly Family[],
  rule: (family: Family) => string,
): string[] {
  return (place?.table.families ?? []).filter((family) => wanted.includes(family)).map(rule);
}

/** The same rules for some addresses only. */
export function withAddresses(
  view: AuditView,
  origins: readonly Origin[],
  side: 'src' | 'dst',
): { readonly fix?: Fix } {
  const texts = origins.flatMap(({ text }) => (text === undefined ? [] : [text]));
  if (view.ruleset.layer !== 'nftables' || texts.length === 0 || texts.length < origins.length) return {};
  if (texts.some((text) => new RegExp(`\\b${side === 'src' ? 'saddr' : 'daddr'}\\b|vmap|\\bmap\\b`).test(text)))
    return {};
  const word = side === 'src' ? 'saddr' : 'daddr';
  return {
    fix: {
      language: 'nft',
      remove: texts,
      add: texts.map((text) => `ip ${word} { 192.0.2.10, 198.51.100.0/24 } ${text} # your own addresses here`),
    },
  };
}

/** A log before the chain's last word, where that is its policy: behind a last rule that refuses it would hear nothing. */
export function loggedAtEnd(places: readonly (readonly [Hook, Place | undefined])[]): { readonly fix?: Fix } {
  const add = places.flatMap(([hook, place]) =>
    place?.chain.base === undefined || place.chain.base.policy === 'accept'
      ? []
      : [`add rule ${place.name} limit rate 5/minute burst 20 packets log prefix "refused at ${hook}: "`],
  );
  return add.length === 0 ? {} : { fix: { language: 'nft', remove: [], add } };
}
