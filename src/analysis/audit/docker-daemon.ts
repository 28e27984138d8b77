import type { DaemonFacts } from '../../docker/index.ts';
import { isLoopback, parseAddress } from '../../net/index.ts';
import { placesOf } from './docker-place.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import { DAEMON } from './kinds-docker.ts';

/** How the daemon is set up, where it was said: a default is nobody's decision. */
export function daemonFindings(daemon: DaemonFacts): Finding[] {
  const origins = placesOf(daemon.span);
  const rules =
    daemon.iptables === false
      ? [finding(DAEMON.noIptables, { subject: 'iptables', origins })] // it writes none for IPv6 then either
      : daemon.ip6tables === false
        ? [finding(DAEMON.noIp6tables, { subject: 'ip6tables', origins })]
        : [];
  const proxy =
    daemon.userlandProxy === true ? [finding(DAEMON.userlandProxy, { subject: 'userland-proxy', origins })] : [];
  return [...(daemon.hosts ?? []).flatMap((host) => api(host, daemon)), ...rules, ...proxy];
}

function api(host: string, { tlsVerify, span }: DaemonFacts): Finding[] {
  if (!/^tcp:\/\//i.test(host)) return [];
  const particulars = { subject: host, origins: placesOf(span) };
  if (tlsVerify === true) return [finding(DAEMON.tcpApi, particulars, host, 'whoever has a certificate is root here')];
  return isOnLoopback(host)
    ? [finding(DAEMON.tcpApi, particulars, host, 'every program on the machine may become root')]
    : [finding(DAEMON.openApi, particulars, host)];
}

/** Without a host it is loopback (dockerd(8), `-H tcp://`). */
function isOnLoopback(host: string): boolean {
  const [, name = ''] = /^tcp:\/\/(.*?)(?::\d*)?\/?$/i.exec(host) ?? [];
  const address = parseAddress(name.replace(/^\[|\]$/g, ''));
  return host.toLowerCase() === 'tcp://' || name === 'localhost' || (address !== undefined && isLoopback(address));
}
