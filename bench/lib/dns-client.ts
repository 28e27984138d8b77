import { createSocket } from 'node:dgram';
import dnsPacket from 'dns-packet';

/** Asks for one name at a time. */
export class DnsClient {
  readonly #socket = createSocket('udp4');
  readonly #port: number;
  #id = 0;
  #answered: ((id: number) => void) | undefined;

  constructor(port: number) {
    this.#port = port;
    this.#socket.on('message', (message) => this.#answered?.(message.readUInt16BE(0)));
    this.#socket.on('error', () => undefined); // nobody listens yet
  }

  /** Milliseconds until the answer is there. */
  ask(name: string): Promise<number> {
    const id = ++this.#id & 0xffff;
    const message = dnsPacket.encode({
      type: 'query',
      id,
      flags: dnsPacket.RECURSION_DESIRED,
      questions: [{ type: 'A', name }],
    });
    return new Promise((resolve) => {
      const start = performance.now();
      this.#answered = (answered) => {
        if (answered === id) resolve(performance.now() - start);
      };
      this.#socket.send(message, this.#port, '127.0.0.1');
    });
  }

  close(): void {
    this.#socket.close();
  }
}
