import type { GatewaySettings } from '../../ir/index.ts';
import { formatAddress } from '../../net/index.ts';

/** Something that an agent must not be able to do. */
export type Attempt =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number } // a connection that is accepted and stays open
  | { readonly kind: 'http'; readonly host: string; readonly port: number } // an answer that is no refusal
  | { readonly kind: 'tls'; readonly host: string; readonly port: number; readonly name?: string } // a handshake
  | {
      readonly kind: 'dns';
      readonly host: string;
      readonly port: number;
      readonly by: 'udp' | 'tcp';
      readonly name: string;
    }
  | { readonly kind: 'udp'; readonly host: string; readonly port: number } // an answer
  | { readonly kind: 'connect'; readonly host: string; readonly port: number; readonly to: string }; // by the proxy

export interface Tried {
  readonly attempt: Attempt;
  readonly isOpen: boolean;
  readonly detail: string; // what was seen: no capital, no full stop
}

/** Big public services, which answer on all of these ports; none of them is the operator's. */
const PUBLIC = ['1.1.1.1', '8.8.8.8', '2606:4700:4700::1111', '2001:4860:4860::8888'] as const;
const METADATA = '169.254.169.254';
/** Exists, and is in no policy: RFC 2606 keeps it for examples. */
const UNLISTED = 'www.example.org';

/** What is tried: ways out that a program finds by itself, past the proxy and through it. */
export function attemptsFor({ listeners }: GatewaySettings): readonly Attempt[] {
  return [
    ...PUBLIC.flatMap((host): readonly Attempt[] => [
      { kind: 'tcp', host, port: 853 },
      { kind: 'tcp', host, port: 22 },
      { kind: 'http', host, port: 80 },
      { kind: 'tls', host, port: 443 },
      { kind: 'tls', host, port: 443, name: UNLISTED },
      { kind: 'dns', host, port: 53, by: 'udp', name: UNLISTED },
      { kind: 'dns', host, port: 53, by: 'tcp', name: UNLISTED },
      { kind: 'udp', host, port: 443 },
    ]),
    { kind: 'http', host: METADATA, port: 80 },
    ...listeners.proxy.flatMap(({ address, port }): readonly Attempt[] => {
      const host = formatAddress(address);
      return [`${UNLISTED}:443`, '1.1.1.1:443', `${METADATA}:80`, '127.0.0.1:22', '[::ffff:127.0.0.1]:22'].map(
        (to) => ({
          kind: 'connect',
          host,
          port,
          to,
        }),
      );
    }),
  ];
}

/** The attempt as a person would say it. */
export function attemptText(attempt: Attempt): string {
  const at = attempt.host.includes(':') ? `[${attempt.host}]:${attempt.port}` : `${attempt.host}:${attempt.port}`;
  switch (attempt.kind) {
    case 'tcp':
      return `TCP to ${at}`;
    case 'http':
      return `HTTP to ${at}`;
    case 'tls':
      return attempt.name === undefined ? `TLS to ${at}, no name` : `TLS to ${at}, as ${attempt.name}`;
    case 'dns':
      return `${attempt.name} asked of ${at}, ${attempt.by.toUpperCase()}`;
    case 'udp':
      return `UDP to ${at}`;
    case 'connect':
      return `CONNECT ${attempt.to} by the proxy at ${at}`;
  }
}
