import type { DockerContainer } from '../../docker/index.ts';
import { placesOf } from './docker-place.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import { CONTAINERS } from './kinds-docker.ts';
import { list } from './words.ts';

/** What one container is given that it could do harm with. */
export function containerFindings(container: DockerContainer): Finding[] {
  const found = [...network(container), ...powers(container), ...secrets(container)];
  return [...found, ...couldDoWithLess(container)];
}

function about({ name, span }: DockerContainer) {
  return { subject: name, origins: placesOf(span) };
}

function network(container: DockerContainer): Finding[] {
  const { mode, name } = container;
  switch (mode.kind) {
    case 'host':
      return [finding(CONTAINERS.hostNetwork, about(container), name)];
    case 'container':
      return [finding(CONTAINERS.othersNetwork, about(container), name, mode.of)];
    case 'own':
    case 'none':
      return [];
  }
}

const EVERYTHING = ['ALL', 'SYS_ADMIN'];
const OF_NETWORK = ['NET_ADMIN', 'NET_RAW'];

/** Who is privileged has all capabilities, whatever else it says. */
function powers(container: DockerContainer): Finding[] {
  const { name } = container;
  const socket = container.powers.socket ? [finding(CONTAINERS.socketMounted, about(container), name)] : [];
  if (container.powers.privileged) return [finding(CONTAINERS.privileged, about(container), name), ...socket];
  return [...capabilities(container), ...socket];
}

function capabilities(container: DockerContainer): Finding[] {
  const { name, mode, powers } = container;
  const added = powers.added.filter((each) => EVERYTHING.includes(each) || OF_NETWORK.includes(each));
  if (added.length === 0) return [];
  const all = list(added);
  if (added.some((each) => EVERYTHING.includes(each)))
    return [finding(CONTAINERS.machinePowers, about(container), name, all, 'nearly what root may do on the machine')];
  if (mode.kind === 'host' && added.includes('NET_ADMIN'))
    return [finding(CONTAINERS.machinePowers, about(container), name, all, 'it may change the machine’s own firewall')];
  return [finding(CONTAINERS.networkPowers, about(container), name, all)];
}

/** Names only: a value is never read. */
function secrets(container: DockerContainer): Finding[] {
  const names = container.powers.secrets.map((name) => `\`${name}\``);
  return names.length === 0 ? [] : [finding(CONTAINERS.secrets, about(container), container.name, list(names))];
}

/** Of those that others reach, or that have something to lose; of who is privileged, worse is said already. */
function couldDoWithLess(container: DockerContainer): Finding[] {
  const { published, powers } = container;
  if (powers.privileged || (published.length === 0 && powers.secrets.length === 0)) return [];
  const what = [
    ...(powers.readOnly ? [] : ['its root file system can be written']),
    ...(powers.dropped.includes('ALL') ? [] : ['it keeps capabilities of Docker’s default']),
  ];
  return what.length === 0
    ? []
    : [finding(CONTAINERS.couldDoWithLess, about(container), container.name, what.join(', '))];
}
