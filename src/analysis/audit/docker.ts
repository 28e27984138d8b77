import { containerFindings } from './docker-containers.ts';
import { daemonFindings } from './docker-daemon.ts';
import { networkFindings } from './docker-networks.ts';
import { publishedFindings } from './docker-ports.ts';
import type { Finding } from './finding.ts';
import { compareFindings } from './severity.ts';
import type { AuditSubject } from './subject.ts';
import type { AuditView } from './view.ts';

/** What containers make of the firewall, as far as facts are known. */
export function dockerFindings(view: AuditView): Finding[] {
  return findings(view.subject, view);
}

/** Containers alone: no rules are there that could keep anybody away. The worst first. */
export function auditContainers(known: Pick<AuditSubject, 'docker' | 'serviceName'>): Finding[] {
  return findings(known, undefined).sort(compareFindings);
}

function findings(known: Pick<AuditSubject, 'docker' | 'facts' | 'serviceName'>, view: AuditView | undefined) {
  const { docker } = known;
  const ports = publishedFindings(known, view);
  if (docker === undefined) return ports;
  const running = docker.containers.filter(({ isRunning }) => isRunning);
  return [
    ...ports,
    ...running.flatMap(containerFindings),
    ...networkFindings(docker, known.facts?.networks ?? []),
    ...daemonFindings(docker.daemon),
  ];
}
