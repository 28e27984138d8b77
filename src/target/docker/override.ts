import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { ComposeProject, ComposeService } from '../../docker/index.ts';
import { formatAddress } from '../../net/index.ts';
import type { LaidOutNetwork } from './layout.ts';
import { type NetworkOptions, networkEntry } from './network-options.ts';
import { isSettled, losesVariables, type NarrowedPort, portEntry, portText } from './ports.ts';
import { keptPowers, withoutPowers } from './powers.ts';
import { DOCKER_RENDER_PROBLEMS } from './problems.ts';
import { type YamlEntry, yamlFile } from './yaml-text.ts';

export const OVERRIDE_FILE = 'compose.portcullis.yaml';

/** A service with what was found about it. */
export interface ServicePlan {
  readonly service: ComposeService;
  readonly ports: readonly NarrowedPort[];
  readonly joins: readonly LaidOutNetwork[];
  readonly isOfAccounts: (port: NarrowedPort) => boolean;
}

/** The file that Compose lays over the user's own. */
export function overrideFile(
  policy: string,
  { files }: ComposeProject,
  plans: readonly ServicePlan[],
  networks: readonly NetworkOptions[],
  harden: boolean,
): string {
  const services = plans.flatMap((plan): YamlEntry[] => {
    const map = [...joined(plan), ...portsOf(plan), ...withoutPowers(plan.service, harden)];
    return map.length === 0 ? [] : [{ key: plan.service.key, value: { map } }];
  });
  const made = networks.flatMap((options): YamlEntry[] => {
    const { network } = options;
    if (network.key === undefined || network.maker !== 'compose') return [];
    const comment = [`${network.zones.length === 1 ? 'zone' : 'zones'} ${network.zones.join(', ')}`];
    return [{ key: network.key, value: { map: networkEntry(options) }, comment }];
  });
  const external = networks.flatMap(({ network: { key, maker, name } }): YamlEntry[] =>
    key !== undefined && maker === 'command'
      ? [
          {
            key,
            value: {
              map: [
                { key: 'name', value: name },
                { key: 'external', value: true },
              ],
            },
          },
        ]
      : [],
  );
  const own = files.map(({ name }) => `-f ${name.split('/').at(-1) ?? name}`).join(' ');
  return yamlFile(
    [
      `Written by \`portcullis render docker\` for the policy ${policy}; what it says was held against the policy.`,
      `docker compose ${own} -f ${OVERRIDE_FILE} up`,
      'Needs Docker Compose 2.24.4 or later, which knows `!override`. The rules of the machine are not in here: `portcullis apply`.',
      '',
    ],
    [
      { key: 'services', value: { map: services } },
      ...(made.length + external.length === 0 ? [] : [{ key: 'networks', value: { map: [...made, ...external] } }]),
    ],
  );
}

function joined({ joins }: ServicePlan): YamlEntry[] {
  const keys = joins.flatMap(({ key }) => key ?? []);
  return keys.length === 0 ? [] : [{ key: 'networks', value: { list: keys } }];
}

/** Where nothing changes the Compose file's own ports stand. */
function portsOf({ ports }: ServicePlan): YamlEntry[] {
  const isSame = ports.every(({ fate, port }) => fate === 'kept' && isSettled(port));
  if (isSame) return [];
  const comment = ports.flatMap(narrowedText);
  const left = ports.filter(({ fate }) => fate !== 'dropped').map(portEntry);
  return [{ key: 'ports', value: { list: left, tag: '!override' }, comment }];
}

function narrowedText(each: NarrowedPort): string[] {
  switch (each.fate) {
    case 'kept':
      return [];
    case 'loopback':
      return [`${portText(each)}: for this machine alone, no flow from another one leads here`];
    case 'dropped':
      return [`${portText(each)}: published no longer, no flow leads here`];
  }
}

/** What whoever uses the file has to know. */
export function serviceDiagnostics({ service, ports, joins, isOfAccounts }: ServicePlan): Diagnostic[] {
  const { key, container, namesNetworks } = service;
  const say = DOCKER_RENDER_PROBLEMS;
  const others = namesNetworks ? container.attachments.map(({ network }) => network) : [];
  return [
    ...keptPowers(service),
    ...(others.length === 0
      ? []
      : joins.map(({ name }) => diagnose(say.otherNetworks, container.span, key, name, others))),
    ...ports.flatMap((each) => {
      const { port, fate } = each;
      if (fate === 'dropped') return [diagnose(say.notPublished, port.span, key, placeText(each))];
      return [
        ...(losesVariables(each) ? [diagnose(say.defaults, port.span, key, writtenText(each))] : []),
        ...(isOfAccounts(each) ? [diagnose(say.throughProxy, port.span, key, portText(each))] : []),
      ];
    }),
  ];
}

function placeText(each: NarrowedPort): string {
  const { on } = each.port;
  return on === undefined ? portText(each) : `${portText(each)} (on ${formatAddress(on)})`;
}

function writtenText({ port: { written } }: NarrowedPort): string {
  const entry = written?.entry ?? '';
  return typeof entry === 'string' ? entry : [...entry].map(([key, value]) => `${key}: ${value}`).join(', ');
}
