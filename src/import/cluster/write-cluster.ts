import { type AddressRange, formatDnsPattern, formatPrefix, rangePrefixes, wholeFamily } from '../../net/index.ts';
import { AddressSet } from '../../packetset/index.ts';
import { comment, list, listLines, oneOrList, scalar } from '../yaml.ts';
import type { DraftFlow } from './import-cluster.ts';
import type { NamedDraftZone } from './zone-names.ts';

interface ClusterDraft {
  readonly name: string;
  readonly source: string;
  readonly zones: readonly NamedDraftZone[];
  readonly flows: readonly DraftFlow[];
}

/** The text of a policy, with the reader of it in mind. */
export function clusterPolicyText({ name, source, zones, flows }: ClusterDraft): string {
  return `${[
    '# yaml-language-server: $schema=./node_modules/portcullis/schema/policy.json',
    '#',
    ...comment(
      `Imported from ${source}: it allows what those policies allow. Read it, say what each flow is for, and remove what nobody needs.`,
    ),
    'portcullis: 1',
    `name: ${scalar(name)}`,
    ...(zones.length === 0 ? [] : ['', 'zones:', ...zones.flatMap(zoneLines)]),
    ...(flows.length === 0 ? [] : ['', 'flows:', ...flows.flatMap(flowLines)]),
  ].join('\n')}\n`;
}

function zoneLines({ name, pods, outside, zones, except }: NamedDraftZone): string[] {
  const exceptions = except.length === 0 ? [] : [`except: ${list(except)}`];
  if (zones !== undefined) return [`  ${name}: { ${[`zones: ${list(zones)}`, ...exceptions].join(', ')} }`];
  if (pods !== undefined) return [`  ${name}: { ${[`kubernetes: { ${podsText(pods)} }`, ...exceptions].join(', ')} }`];
  if (outside?.kind === 'names')
    return [`  ${name}:`, ...listLines('domains', outside.patterns.map(formatDnsPattern), 4), '    enforce: resolved'];
  return [`  ${name}:`, ...addressLines(outside?.ranges ?? [])];
}

/** As a block with exceptions where that is shorter. */
function addressLines(ranges: readonly AddressRange[]): string[] {
  const prefixes = prefixesOf(ranges);
  const families = ([4, 6] as const).filter((family) => ranges.some((each) => each.family === family));
  const whole = families.map(wholeFamily);
  const missing = prefixesOf(AddressSet.of(whole).subtract(AddressSet.of(ranges)).ranges());
  if (missing.length + whole.length >= prefixes.length) return listLines('addresses', prefixes, 4);
  return [
    ...listLines('addresses', prefixesOf(whole), 4),
    ...(missing.length === 0 ? [] : listLines('except', missing, 4)),
  ];
}

function prefixesOf(ranges: readonly AddressRange[]): string[] {
  return ranges.flatMap((each) => rangePrefixes(each).map(formatPrefix));
}

function podsText({ namespace, namespaceLabels, labels, serviceAccount }: NonNullable<NamedDraftZone['pods']>): string {
  const parts = [
    ...(namespace === undefined ? [] : [`namespace: ${scalar(namespace)}`]),
    ...(namespaceLabels.size === 0 ? [] : [`namespaceSelector: ${labelsText(namespaceLabels)}`]),
    ...(labels.size === 0 ? [] : [`podSelector: ${labelsText(labels)}`]),
    ...(serviceAccount === undefined ? [] : [`serviceAccount: ${scalar(serviceAccount)}`]),
  ];
  return parts.length === 0 ? 'podSelector: {}' : parts.join(', ');
}

function labelsText(labels: ReadonlyMap<string, string>): string {
  return `{ ${[...labels].map(([key, value]) => `${scalar(key)}: ${scalar(value)}`).join(', ')} }`;
}

function flowLines({ name, from, to, services }: DraftFlow): string[] {
  return [
    `  - name: ${scalar(name)}`,
    `    from: ${scalar(from)}`,
    to.length === 1 ? `    to: ${oneOrList(to)}` : listLines('to', to, 4).join('\n'),
    ...(services.length === 1 ? [`    service: ${scalar(services[0]!)}`] : listLines('service', services, 4)),
  ];
}
