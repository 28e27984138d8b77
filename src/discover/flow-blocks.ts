import type { Catalog, CatalogEndpoint } from '../catalog/index.ts';
import { excerpt } from '../diagnostic/index.ts';
import type { Service } from '../ir/index.ts';
import { formatDnsPattern, formatPortRange, protocolName } from '../net/index.ts';
import { spanPosition } from '../source/index.ts';
import type { Need, Use } from './needs.ts';
import type { ConfigSource } from './section.ts';
import { formatHost } from './server.ts';
import { oneOrList, scalar, type YamlWriter } from './yaml-writer.ts';

/** A flow of the policy that is being written, with what is said above it. */
export interface FlowBlock {
  readonly name: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly service: readonly string[];
  readonly purpose: string;
  readonly risk?: string;
  readonly required?: true;
  readonly comments: readonly string[];
  readonly offered?: string; // written as a comment; the words that follow "uncomment"
}

export function writeFlow(writer: YamlWriter, flow: FlowBlock): void {
  const lines = [
    `- name: ${scalar(flow.name)}`,
    `  from: ${scalar(flow.from)}`,
    `  to: ${oneOrList(flow.to)}`,
    `  service: ${oneOrList(flow.service)}`,
    `  purpose: ${scalar(flow.purpose)}`,
    ...(flow.risk === undefined ? [] : [`  risk: ${scalar(flow.risk)}`]),
    ...(flow.required === undefined ? [] : ['  required: true']),
  ];
  writer.gap();
  for (const comment of flow.comments) writer.comment(comment, 2);
  if (flow.offered === undefined) for (const line of lines) writer.line(line, 2);
  else writer.comment(`Uncomment ${flow.offered}:`, 2).offered(lines, 2);
}

/** What stands above the flow of a need: the keys that ask for it, and how sure each host is. */
export function needComments(need: Need, catalog: Catalog, files: readonly string[]): string[] {
  return [...need.uses.map((use) => describeUse(use, files)), ...endpointComments(need, catalog)];
}

export function needDestination(need: Need): string {
  return need.to.kind === 'catalog' ? `catalog:${need.to.entry}` : formatHost(need.to.host);
}

export function needServices(need: Need, catalog: Catalog): string[] {
  if (need.to.kind === 'server') return [serverService(need.to.port, need.to.udp === true)];
  const endpoints = catalog.entry(need.to.entry)?.endpoints ?? [];
  return [...new Set(endpoints.flatMap(({ services }) => services.map((service) => serviceText(service, catalog))))];
}

function serverService(port: number, udp: boolean): string {
  if (udp) return `udp/${port}`;
  return port === 443 ? 'https' : `tcp/${port}`;
}

export function needPurpose(need: Need): string {
  return excerpt([...new Set(need.uses.map(({ purpose }) => purpose))].join(', '), LONGEST);
}

/** `channels.discord (openclaw.json:4)`; a file that is not the configuration itself by its path. */
export function formatSource({ key, span }: ConfigSource, files: readonly string[]): string {
  if (span === undefined) return excerpt(key, LONGEST);
  const [main = ''] = files;
  const folder = main.slice(0, main.lastIndexOf('/') + 1);
  const { name } = span.file;
  const short = name.startsWith(folder) ? name.slice(folder.length) : name;
  return excerpt(`${key} (${short}:${spanPosition(span).line})`, LONGEST);
}

/** Characters of a key or purpose that are shown: names in a configuration can be of any length. */
const LONGEST = 160;

function describeUse({ purpose, source }: Use, files: readonly string[]): string {
  return `${formatSource(source, files)}: ${excerpt(purpose, LONGEST)}`;
}

function endpointComments({ to }: Need, catalog: Catalog): string[] {
  if (to.kind === 'server') return [];
  const endpoints = catalog.entry(to.entry)?.endpoints ?? [];
  const groups = Map.groupBy(endpoints, ({ endpointClass, evidence }) => `${endpointClass}, ${evidence}`);
  return [...groups].map(([kind, group]) => `${kind}: ${names(group)}`);
}

const NAMES_SHOWN = 8; // of one group

function names(endpoints: readonly CatalogEndpoint[]): string {
  const all = [...new Set(endpoints.map(({ pattern }) => formatDnsPattern(pattern)))];
  const more = all.length - NAMES_SHOWN;
  return all.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? `, and ${more} more` : '');
}

/** By name where the catalogue has exactly this service, else as `tcp/8443`. */
function serviceText(service: Service, catalog: Catalog): string {
  const wanted = JSON.stringify([service]);
  const named = COMMON_SERVICES.find((name) => JSON.stringify(catalog.service(name)) === wanted);
  if (named !== undefined) return named;
  const { protocol, ports } = service;
  return ports === undefined ? protocolName(protocol) : `${protocolName(protocol)}/${formatPortRange(ports)}`;
}

const COMMON_SERVICES = ['https', 'http', 'ntp'];
