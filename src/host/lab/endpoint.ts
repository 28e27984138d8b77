import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import dnsPacket from 'dns-packet';
import { MachineError } from '../machine-error.ts';
import { run } from '../process.ts';
import { listenTcp, listenUdp, listenUdpAt, type Records } from './echo.ts';
import type { EndpointRequestKind, EndpointRequests, Finished, Outcome, ResolveQuery } from './protocol.ts';
import { connect, exchange, shootAll } from './shoot.ts';

type Handlers = {
  readonly [Kind in EndpointRequestKind]: (
    ask: EndpointRequests[Kind]['ask'],
  ) => Promise<EndpointRequests[Kind]['answer']>;
};

/** One process in one network namespace: sends packets, answers them, and runs the tools that set the namespace up. */
export class Endpoint {
  readonly #records: Records = new Map();
  readonly #listening = new Set<string>();
  readonly #kept = new Map<string, Socket>();

  readonly handlers: Handlers = {
    run: (ask) => runTool(ask),
    sysctl: async (ask) => ({ refused: writeSettings(ask.settings) }),
    listen: async (ask) => ({
      failed: [
        ...(await this.#listen('tcp', ask.tcp, listenTcp)),
        ...(await this.#listen('udp', ask.udp, (port) => listenUdp(port, this.#records))),
        ...(await this.#listenAt(ask.udpAt)),
      ],
    }),
    names: async (ask) => {
      for (const [name, addresses] of Object.entries(ask.records)) this.#records.set(name.toLowerCase(), addresses);
      return {};
    },
    send: async (ask) => ({ outcomes: await shootAll(ask.shots) }),
    resolve: async (ask) => ({ addresses: await resolve(ask) }),
    open: async (ask) => {
      const start = performance.now();
      const { socket, attempt } = await connect(ask.shot);
      if (attempt.result === 'passed') this.#kept.set(ask.key, socket);
      else socket.destroy();
      return timed(attempt, start);
    },
    exchange: async (ask) => {
      const socket = this.#kept.get(ask.key);
      if (socket === undefined) return { result: 'unsent', error: 'no such connection', afterMs: 0, attempts: 0 };
      const start = performance.now();
      return timed(await exchange(socket, ask.timeoutMs), start);
    },
  };

  async #listenAt(places: EndpointRequests['listen']['ask']['udpAt']): Promise<string[]> {
    const failed = places.map(({ address, port }) =>
      this.#listen(`udp at ${address}`, [port], () => listenUdpAt(address, port, this.#records)),
    );
    return (await Promise.all(failed)).flat();
  }

  async #listen(protocol: string, ports: readonly number[], open: (port: number) => Promise<void>): Promise<string[]> {
    const failed: string[] = [];
    for (const port of ports) {
      const key = `${protocol}/${port}`;
      if (this.#listening.has(key)) continue;
      try {
        await open(port);
        this.#listening.add(key);
      } catch (error) {
        failed.push(`${key}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return failed;
  }
}

function timed(attempt: Pick<Outcome, 'result' | 'error'>, start: number): Outcome {
  return { ...attempt, afterMs: Math.round((performance.now() - start) * 10) / 10, attempts: 1 };
}

/** A tool that is missing or runs wild is an answer here, not a fault of the endpoint: shells use 127 for it, too. */
async function runTool(ask: EndpointRequests['run']['ask']): Promise<Finished> {
  try {
    return await run(ask.program, ask.args, {
      ...(ask.input === undefined ? {} : { input: ask.input }),
      timeoutMs: 60_000,
    });
  } catch (error) {
    if (error instanceof MachineError) return { exitCode: 127, stdout: '', stderr: error.message };
    throw error;
  }
}

function writeSettings(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([path, value]) => {
    try {
      writeFileSync(join('/proc/sys', path), value);
      return [];
    } catch {
      return [path]; // read-only in some containers; whoever asked decides whether it matters
    }
  });
}

function resolve(query: ResolveQuery): Promise<string[]> {
  return new Promise((done) => {
    const socket = createSocket(query.server.includes(':') ? 'udp6' : 'udp4');
    const id = 1 + Math.floor(Math.random() * 65_534);
    const finish = (addresses: string[]): void => {
      clearTimeout(timer);
      socket.close();
      done(addresses);
    };
    const timer = setTimeout(() => finish([]), query.timeoutMs);
    socket.once('error', () => finish([])); // refused: no addresses
    socket.on('message', (message) => {
      const answer = dnsPacket.decode(message);
      if (answer.id !== id) return;
      finish(
        (answer.answers ?? []).flatMap((record) =>
          record.type === 'A' || record.type === 'AAAA' ? [record.data] : [],
        ),
      );
    });
    const question = { type: query.family === 4 ? ('A' as const) : ('AAAA' as const), name: query.name };
    const packet = dnsPacket.encode({ type: 'query', id, flags: dnsPacket.RECURSION_DESIRED, questions: [question] });
    socket.send(packet, 53, query.server, (error) => {
      if (error) finish([]);
    });
  });
}
