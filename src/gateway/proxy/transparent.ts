import type { Socket } from 'node:net';
import { type Endpoint, formatAddress, type Host, isSameEndpoint, parseHost } from '../../net/index.ts';
import { Admission } from '../admission.ts';
import { type Dialled, dial } from '../dial.ts';
import type { Reason } from '../record.ts';
import type { Refusal } from '../refusal.ts';
import type { Client, Wanted } from '../wanted.ts';
import { answerText, answerTo } from './answer.ts';
import { type Arrival, recorded } from './arrivals.ts';
import type { ServerName } from './client-hello.ts';
import { FirstBytes } from './first-bytes.ts';
import type { Context } from './http-target.ts';
import type { OriginalDestination } from './original-destination.ts';
import { withOriginal } from './original-host.ts';
import { say } from './passage.ts';
import { readUntil } from './reading.ts';
import { hold, relay } from './relay.ts';
import type { ProxyServices } from './services.ts';

const TCP = 6;

interface TransparentSettings {
  readonly originalDestination: OriginalDestination;
  readonly adopt: (socket: Socket, early: Uint8Array, context: Context) => void;
}

/**
 * Connections that the kernel has redirected, of programs that know of no proxy. Where they were to go is known and not trusted: the
 * name in the first bytes is asked for, resolved and dialled like any other; without a name, only a flow to the address itself helps.
 */
export class TransparentSide {
  readonly #services: ProxyServices;
  readonly #settings: TransparentSettings;

  constructor(services: ProxyServices, settings: TransparentSettings) {
    this.#services = services;
    this.#settings = settings;
  }

  async onConnection(arrival: Arrival): Promise<void> {
    const { socket, client, to } = arrival;
    socket.on('error', () => socket.destroy());
    const original = this.#settings.originalDestination(socket);
    // Whoever connects to the listener itself was not redirected, and would be led in a circle.
    if (original === undefined || isSameEndpoint(original, to)) return this.#refuse(arrival, 'bad-request', original);
    if (client === undefined || this.#services.credentials.mustShow(client))
      return this.#refuse(arrival, 'no-identity', original);
    await this.#onRedirected(arrival, client, original);
  }

  async #onRedirected(arrival: Arrival, client: Client, { address, port }: Endpoint): Promise<void> {
    const { socket } = arrival;
    const { gatekeeper, arrivals, limits } = this.#services;
    const toAddress: Host = { kind: 'address', address };
    const wanted: Wanted = { way: 'transparent', client, host: toAddress, protocol: TCP, port };
    const isGranted = gatekeeper.policy.ask(wanted).verdict === 'allow';
    // A server may have to speak first, and there is nothing to wait for.
    if (isGranted && this.#services.speechOf(port) === 'any') return this.#open(arrival, wanted, NOTHING);
    const done = arrivals.beginHello(arrival);
    if (done === undefined) return this.#refuse(arrival, 'budget', { address, port });
    const first = new FirstBytes();
    const heard = await readUntil({ socket, early: NOTHING, ms: limits.firstBytesMs }, (chunk) => first.push(chunk));
    done();
    const { bytes } = first;
    if (typeof heard === 'string') {
      if (heard === 'ended' && !first.isUndecided) return void socket.destroy();
      return this.#refuse(arrival, 'bad-request', { address, port });
    }
    switch (heard.kind) {
      case 'http': {
        if (this.#services.speechOf(port) === 'tls')
          return this.#refuse(arrival, 'bad-request', { address, port }, 'http');
        const fallback = toAddress;
        const context: Context = { kind: 'inside', way: 'transparent', client, port, fallback, isRedirected: true };
        return this.#settings.adopt(socket, bytes, context);
      }
      case 'tls': {
        if (this.#services.speechOf(port) === 'http')
          return this.#refuse(arrival, 'bad-request', { address, port }, 'tls');
        const host = hostOf(heard.serverName) ?? toAddress;
        return this.#open(arrival, withOriginal(gatekeeper.policy, { ...wanted, host }, address), bytes, 'tls');
      }
      case 'broken':
        return this.#refuse(arrival, 'bad-request', { address, port }, 'tls');
      case 'other':
        if (this.#services.speechOf(port) !== 'any') return this.#refuse(arrival, 'bad-request', { address, port });
        return this.#open(arrival, wanted, bytes);
    }
  }

  async #open(arrival: Arrival, wanted: Wanted, early: Uint8Array, speaks: 'tls' | 'other' = 'other'): Promise<void> {
    const { socket } = arrival;
    const admission = this.#services.gatekeeper.admit(wanted);
    const dialled: Dialled | Refusal =
      admission instanceof Admission ? await dial(admission, this.#services.addresses) : admission;
    if (!(admission instanceof Admission) || 'reason' in dialled) return say(socket, speaks, () => '');
    hold(socket, dialled, admission);
    relay(socket, dialled, admission, early);
  }

  /** @param speaks what the client does, where it has been heard; on the port of plain HTTP it is taken for granted */
  #refuse(
    arrival: Arrival,
    reason: Reason,
    original: Endpoint | undefined,
    speaks: 'tls' | 'http' | 'other' = original !== undefined && this.#services.speechOf(original.port) === 'http'
      ? 'http'
      : 'other',
  ): void {
    const host = original === undefined ? '' : formatAddress(original.address);
    const port = original === undefined ? {} : { port: original.port };
    const about = { way: 'transparent', client: recorded(arrival), host, protocol: 'tcp', ...port } as const;
    const refusal = this.#services.gatekeeper.refuse(about, reason);
    say(arrival.socket, speaks, () => answerText(answerTo(refusal)));
  }
}

const NOTHING = Buffer.alloc(0);

/** The name that a client gives; an address is none there (RFC 6066 3), nor is what cannot be a host. */
function hostOf(serverName: ServerName): Host | undefined {
  if (serverName.kind !== 'name') return undefined;
  const host = parseHost(serverName.text, { bracketed: false });
  return host.kind === 'name' ? host : undefined;
}
