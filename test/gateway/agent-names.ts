import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import dnsPacket from 'dns-packet';
import type { AgentAnswer, AgentTask } from './agent-tasks.ts';

const AT_ONCE = 12;
const GIVEN_UP_MS = 10_000;
/** Below what the gateway grants an account: 400 lookups at once, and 200 a second. */
const BURST = 350;
const PER_SECOND = 190;
const TRIES = 5;
const AGAIN_MS = 1_200; // after nobody could find out: a resolver says so again for a second (RFC 9520)
const ANSWER_MS = 5_000;
const SERVFAIL = 2;
const RESOLVER = { port: 53, host: '8.8.8.8' }; // not ours: the kernel leads there

type Names = Extract<AgentTask, { do: 'names' }>;

/** Looks each name up and connects to what it is told the instant that it is told; as often as is said. */
export async function connectToNames({ names, connects, port }: Names): Promise<Omit<AgentAnswer, 'ms'>> {
  const pace = new Pace();
  const failures: string[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    const stub = new Stub();
    for (let at = next++; at < connects; at = next++) {
      await pace.turn();
      const outcome = await stub.connectTo(names[at % names.length] ?? '', port);
      if (outcome !== 'passed') failures.push(outcome);
    }
    stub.close();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return {
    said: [...new Set(failures)].join(', '),
    end: `${connects - failures.length} passed, ${failures.length} dropped`,
  };
}

/** Counts as the gateway does. Whoever kept to a timetable instead would ask for all at once that a busy machine kept it from asking. */
class Pace {
  #left = BURST;
  #at = performance.now();

  async turn(): Promise<void> {
    const now = performance.now();
    this.#left = Math.min(BURST, this.#left + ((now - this.#at) / 1_000) * PER_SECOND) - 1;
    this.#at = now;
    if (this.#left < 0) await new Promise((resolve) => setTimeout(resolve, (-this.#left * 1_000) / PER_SECOND));
  }
}

/** A stub resolver with one question at a time; it acts on the reply as soon as it is there. */
class Stub {
  readonly #socket: Socket = createSocket('udp4');
  #id = 0;

  /** @returns `passed`, or how it failed; what is not answered is asked again, as stub resolvers do (resolv.conf(5)) */
  async connectTo(name: string, port: number): Promise<string> {
    let outcome = 'no answer';
    for (let turn = 0; turn < TRIES && outcome === 'no answer'; turn++) {
      if (turn > 0) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      outcome = await this.#askAndConnect(name, port);
    }
    return outcome;
  }

  #askAndConnect(name: string, port: number): Promise<string> {
    const id = ++this.#id & 0xffff;
    const questions = [{ type: 'A' as const, name }];
    const query = { type: 'query' as const, id, flags: dnsPacket.RECURSION_DESIRED, questions };
    return new Promise((resolve) => {
      const heard = (reply: Buffer): void => {
        const packet = dnsPacket.decode(reply);
        if (packet.id !== id) return; // of a question that was given up
        clearTimeout(timer);
        this.#socket.off('message', heard);
        const found = packet.answers?.find((each) => each.type === 'A');
        if (found?.type === 'A') connected(found.data, port, resolve);
        else
          resolve(
            ((packet.flags ?? 0) & 15) === SERVFAIL
              ? 'no answer'
              : `code ${(packet.flags ?? 0) & 15} ${refusalIn(reply.toString('latin1')) ?? ''}`,
          );
      };
      const timer = setTimeout(() => {
        this.#socket.off('message', heard);
        resolve('no answer');
      }, ANSWER_MS);
      this.#socket.on('message', heard);
      this.#socket.send(dnsPacket.encode(query), RESOLVER.port, RESOLVER.host);
    });
  }

  close(): void {
    this.#socket.close();
  }
}

function connected(host: string, port: number, done: (outcome: string) => void): void {
  const socket = connect({ host, port });
  const finish = (outcome: string): void => {
    socket.resetAndDestroy(); // no TIME_WAIT is left of it
    done(outcome);
  };
  socket.setTimeout(GIVEN_UP_MS, () => finish('silence'));
  socket.on('connect', () => finish('passed'));
  socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
}

/** Why the gateway refuses: the text of RFC 8914, where there is one. @param reply latin1 */
export function refusalIn(reply: string): string | undefined {
  return /([a-z]+(?:-[a-z]+)*): /.exec(reply)?.[1];
}
