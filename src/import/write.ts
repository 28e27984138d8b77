import type { PieceChoice } from './baseline.ts';
import type { ImportedFlow, LeftOut, NamedZone } from './import-policy.ts';
import { comment, list, listLines, oneOrList, scalar } from './yaml.ts';

interface PolicyDraft {
  readonly name: string;
  readonly source: string;
  readonly zones: readonly NamedZone[];
  readonly flows: readonly ImportedFlow[];
  readonly baseline: readonly PieceChoice[];
  readonly leftOut: readonly LeftOut[];
}

/** The text of a policy, with the reader of it in mind. */
export function policyText({ name, source, zones, flows, baseline, leftOut }: PolicyDraft): string {
  const changed = baseline.filter(({ isDefault }) => !isDefault);
  return `${[
    '# yaml-language-server: $schema=./node_modules/portcullis/schema/policy.json',
    '#',
    ...comment(
      `Imported from ${source}: it allows what that firewall allows. Read it, say what each flow is for, and remove what nobody needs.`,
    ),
    'portcullis: 1',
    `name: ${scalar(name)}`,
    ...section('zones', zones.flatMap(zoneLines)),
    ...section('flows', flows.flatMap(flowLines)),
    ...section('baseline', changed.flatMap(pieceLines)),
    ...(leftOut.length === 0 ? [] : ['', ...leftOut.flatMap(leftOutLines)]),
  ].join('\n')}\n`;
}

function section(key: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${key}:`, ...lines];
}

const WIDTH = 118;

function zoneLines({ name, addresses, except, interfaces, users, cgroups, domains }: NamedZone): string[] {
  const host = [
    ...(users.length === 0
      ? []
      : [`users: [${users.map((user) => (/^\d+$/.test(user) ? user : scalar(user))).join(', ')}]`]),
    ...(cgroups.length === 0 ? [] : [`cgroups: ${list(cgroups)}`]),
    ...(interfaces.length === 0 ? [] : [`interfaces: ${list(interfaces)}`]),
  ];
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['addresses', addresses],
    ['except', except],
    ['domains', domains],
  ];
  const present = lists.filter(([, texts]) => texts.length > 0);
  const parts = [
    ...present.map(([key, texts]) => `${key}: ${list(texts)}`),
    ...(host.length === 0 ? [] : [`host: { ${host.join(', ')} }`]),
  ];
  const line = `  ${name}: { ${parts.join(', ')} }`;
  if (line.length <= WIDTH) return [line];
  return [
    `  ${name}:`,
    ...present.flatMap(([key, texts]) => listLines(key, texts, 4)),
    ...(host.length === 0 ? [] : [`    host: { ${host.join(', ')} }`]),
  ];
}

function flowLines({ name, from, to, services, rate, purpose }: ImportedFlow): string[] {
  return [
    `  - name: ${scalar(name)}`,
    `    from: ${oneOrList(from)}`,
    `    to: ${oneOrList(to)}`,
    ...(services.length === 1 ? [`    service: ${scalar(services[0]!)}`] : listLines('service', services, 4)),
    ...(purpose === undefined ? [] : [`    purpose: ${JSON.stringify(purpose)}`]),
    ...(rate === undefined ? [] : [`    rate: ${rate}`]),
  ];
}

function pieceLines({ piece, on }: PieceChoice): string[] {
  const words = on ? `the firewall lets them pass: ${piece.why}` : `the firewall does not have it: ${piece.why}`;
  return [...comment(words, 2), `  ${piece.name}: ${on}`];
}

function leftOutLines({ hook, services, reason }: LeftOut): string[] {
  return comment(`Left out, at ${hook}: ${services.slice(0, 8).join(', ')}: ${reason}.`);
}
