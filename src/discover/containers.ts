import type { DockerContainer, DockerFacts, DockerNetwork, PublishedPort } from '../docker/index.ts';
import { formatAddress, formatPortRange, formatRange } from '../net/index.ts';
import { flowName } from './names.ts';
import { list, scalar, type YamlWriter } from './yaml-writer.ts';

/** What a user may want to put under the policy: networks that containers are on, written to be uncommented. */
export function writeContainers(writer: YamlWriter, { networks, containers }: DockerFacts): void {
  const offered = networks.filter(({ driver, subnets }) => driver === 'bridge' && subnets.length > 0);
  if (offered.length === 0) return;
  writer
    .gap()
    .comment(
      'To decide what a network of Docker may reach and who may reach it, move its zone under `zones:`, write flows from and to it, and take `forwarding: true` away. Then every network without a flow is cut off.',
    );
  for (const network of offered) {
    for (const container of containers.filter((each) => isOn(each, network)))
      writer.comment(`${container.name}${publishedText(container)}`, 2, '  holds ', '        ');
    writer.offered([`${flowName(network.name)}: { docker: { ${recogniser(network)} } }`], 2);
  }
}

function isOn({ attachments }: DockerContainer, { name }: DockerNetwork): boolean {
  return attachments.some(({ network }) => network === name);
}

function recogniser({ name, subnets, bridge }: DockerNetwork): string {
  return [
    `network: ${scalar(name)}`,
    `subnets: ${list(subnets.map(formatRange))}`,
    ...(bridge === undefined ? [] : [`bridge: ${scalar(bridge)}`]),
  ].join(', ');
}

function publishedText({ published }: DockerContainer): string {
  return published.length === 0 ? '' : `, which is published: ${published.map(portText).join(', ')}`;
}

function portText({ protocol, on, ports, containerPorts }: PublishedPort): string {
  const [host, inside] = [ports === undefined ? 'some port' : formatPortRange(ports), formatPortRange(containerPorts)];
  return `${protocol}/${inside} as ${host} on ${on === undefined ? 'every address' : formatAddress(on)}`;
}
