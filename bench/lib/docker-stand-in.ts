import { createServer, type Server, type ServerResponse } from 'node:http';

/** Containers of the bench; the addresses of one /16. */
function containerId(index: number): string {
  return index.toString(16).padStart(64, '0');
}

function addressOf(index: number): string {
  return `172.18.${(index >> 8) + 1}.${index & 255}`;
}

const NETWORKS = [
  {
    Name: 'agents',
    Id: 'f'.repeat(64),
    Driver: 'bridge',
    IPAM: { Config: [{ Subnet: '172.18.0.0/16' }] },
    Options: { 'com.docker.network.bridge.name': 'pc-agents' },
  },
];

/** About as long as what the daemon tells of a container (7 to 9 kB), most of which nobody asks for. */
const FILLER = Object.fromEntries(Array.from({ length: 120 }, (_, at) => [`Setting${at}`, 'x'.repeat(48)]));

/**
 * Answers as Docker's daemon does (Engine API, `/networks`, `/containers`, `/events`), of as many containers as it is told of: a thousand real ones
 * would be a thousand processes, and not what is measured.
 */
export class DockerStandIn {
  readonly #running = new Set<number>();
  readonly #listeners = new Set<ServerResponse>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(({ url = '' }, response) => {
      const path = url.replace(/^\/v[0-9.]+/, '');
      if (path.startsWith('/events')) {
        this.#listeners.add(response.writeHead(200));
        response.flushHeaders();
      } else if (path === '/networks') answer(response, NETWORKS);
      else if (path === '/containers/json')
        answer(
          response,
          [...this.#running].map((index) => ({ Id: containerId(index) })),
        );
      else this.#tellOne(response, /^\/containers\/([0-9a-f]{64})\/json$/.exec(path)?.[1]);
    });
  }

  static async open(socket: string): Promise<DockerStandIn> {
    const made = new DockerStandIn();
    await new Promise<void>((resolve) => made.#server.listen(socket, resolve));
    return made;
  }

  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  start(index: number): void {
    this.#running.add(index);
    this.#tell('start', index);
  }

  stop(index: number): void {
    this.#running.delete(index);
    this.#tell('die', index);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #tell(action: string, index: number): void {
    const event = {
      Type: 'container',
      Action: action,
      Actor: { ID: containerId(index), Attributes: {} },
      timeNano: Date.now() * 1e6,
    };
    for (const listener of this.#listeners) listener.write(`${JSON.stringify(event)}\n`);
  }

  #tellOne(response: ServerResponse, id: string | undefined): void {
    const index = Number.parseInt(id ?? '', 16);
    if (!this.#running.has(index)) {
      response.writeHead(404).end('{}');
      return;
    }
    answer(response, {
      Id: id,
      Name: `/agent-${index}`,
      State: { Running: true },
      Config: { Labels: { role: 'agent' }, ...FILLER },
      HostConfig: { NetworkMode: 'agents' },
      NetworkSettings: { Networks: { agents: { IPAddress: addressOf(index) } } },
    });
  }
}

function answer(response: ServerResponse, what: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(what));
}
