import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import dnsPacket from 'dns-packet';

/** An agent's process: `dns-agent-main.ts ACCOUNT PORT`, told by messages what to do. It trusts nobody's cache: every connection follows a lookup. */
export interface AgentTask {
  readonly kind: 'lookup' | 'connect' | 'lookup-and-connect';
  readonly targets: readonly string[]; // names; of `connect` addresses
  readonly atOnce: number;
  readonly timeoutMs: number; // for a connection
}

/** By target: the response code with the address, `passed`, or what else came of it. */
export type AgentAnswer = readonly string[];

const [account = '', port = ''] = process.argv.slice(2);
process.setgroups?.([]);
process.setgid?.(Number(account));
process.setuid?.(Number(account));

process.on('message', (task: AgentTask) => {
  void work(task).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');

async function work({ kind, targets, atOnce, timeoutMs }: AgentTask): Promise<AgentAnswer> {
  const outcomes = targets.map(() => '');
  let next = 0;
  const worker = async (): Promise<void> => {
    const stub = new Stub(Number(port));
    for (let at = next++; at < targets.length; at = next++) {
      const target = targets[at] ?? '';
      if (kind === 'connect') outcomes[at] = await connected(target, timeoutMs);
      else {
        const [code, address] = await stub.ask(target);
        const follows = kind === 'lookup-and-connect' && address !== undefined;
        outcomes[at] = follows ? await connected(address, timeoutMs) : `${code} ${address ?? 'nothing'}`;
      }
    }
    stub.close();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return outcomes;
}

function connected(host: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 443 });
    const finish = (outcome: string): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(timeoutMs, () => finish('silence'));
    socket.on('connect', () => finish('passed'));
    socket.on('error', ({ message }) => finish(message));
  });
}

/** A stub resolver with one question at a time; it reads the reply as soon as it is there. */
class Stub {
  readonly #socket: Socket = createSocket('udp4');
  readonly #port: number;
  #id = 0;

  constructor(port: number) {
    this.#port = port;
  }

  ask(name: string): Promise<readonly [code: number, address: string | undefined]> {
    this.#id = (this.#id + 1) & 0xffff;
    const message = dnsPacket.encode({
      type: 'query',
      id: this.#id,
      flags: dnsPacket.RECURSION_DESIRED,
      questions: [{ type: name.startsWith('six') ? 'AAAA' : 'A', name }],
    });
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve([-1, undefined]), 5_000);
      this.#socket.once('message', (reply) => {
        clearTimeout(timer);
        const { flags = 0, answers = [] } = dnsPacket.decode(reply);
        const found = answers.find((each) => each.type === 'A' || each.type === 'AAAA');
        resolve([flags & 15, found?.type === 'A' || found?.type === 'AAAA' ? found.data : undefined]);
      });
      this.#socket.send(message, this.#port, '127.0.0.1');
    });
  }

  close(): void {
    this.#socket.close();
  }
}
