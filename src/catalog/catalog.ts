import type { Service } from '../ir/index.ts';
import type { DnsPattern } from '../net/index.ts';

/** The OpenClaw release that the endpoints were read from. */
export const CATALOG_RELEASE = '2026.9.6';

/** Named services and the endpoints of what agents talk to: data, versioned by OpenClaw release. */
export interface Catalog {
  entry(name: string): CatalogEntry | undefined;
  entryNames(): readonly string[]; // sorted
  service(name: string): readonly Service[] | undefined;
  serviceNames(): readonly string[]; // sorted
}

/** What one feature or provider needs of the network. */
export interface CatalogEntry {
  readonly name: string;
  readonly title: string;
  readonly kind: EntryKind;
  readonly version: string; // the release that it was read from
  readonly source: string; // where it was read, for people
  readonly endpoints: readonly CatalogEndpoint[];
}

export interface CatalogEndpoint {
  readonly pattern: DnsPattern;
  readonly endpointClass: EndpointClass;
  readonly evidence: Evidence;
  readonly services: readonly Service[]; // at least one
  readonly why?: string;
}

/**
 * How a destination comes about, which decides what a policy can do about it:
 *
 * - `static`: the program knows the name.
 * - `server-assigned`: a server picks a name below a known one, so only a wildcard can stand for it.
 * - `arbitrary`: anything that a user, a page or a model names; nothing short of the whole internet stands for it.
 * - `non-http`: not HTTP; a proxy for HTTP never sees it.
 */
export type EndpointClass = (typeof ENDPOINT_CLASSES)[number];
export const ENDPOINT_CLASSES = ['static', 'server-assigned', 'arbitrary', 'non-http'] as const;

/** `code`: seen in the program's code; `docs`: only in its documentation; `unverified`: neither, and never to be shown as certain. */
export type Evidence = (typeof EVIDENCES)[number];
export const EVIDENCES = ['code', 'docs', 'unverified'] as const;

export type EntryKind = (typeof ENTRY_KINDS)[number];
export const ENTRY_KINDS = ['channel', 'model', 'search', 'speech', 'service', 'system'] as const;
