import type { Catalog } from '../../catalog/index.ts';
import { PROTOCOLS } from '../../net/index.ts';

/** Ports that several services use, by the name that most people know. */
const PREFERRED: Readonly<Record<string, string>> = {
  'tcp/8080': 'http-alt',
  'udp/123': 'ntp',
  'tcp/9090': 'prometheus',
  'tcp/3000': 'grafana',
};

/** The catalogue's name of the service on a port. */
export function serviceNames(catalog: Catalog): (protocol: 'tcp' | 'udp', port: number) => string | undefined {
  const names = new Map<string, string>();
  for (const name of catalog.serviceNames()) {
    for (const { protocol, ports } of catalog.service(name) ?? []) {
      const word = protocol === PROTOCOLS.tcp ? 'tcp' : protocol === PROTOCOLS.udp ? 'udp' : undefined;
      if (word === undefined || ports === undefined || ports.first !== ports.last) continue;
      const key = `${word}/${ports.first}`;
      if (!names.has(key)) names.set(key, PREFERRED[key] ?? name);
    }
  }
  return (protocol, port) => names.get(`${protocol}/${port}`);
}
