import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';

/** Where the daemon hears its clients unless `DOCKER_HOST` says otherwise (dockerd(8)). */
export const DOCKER_SOCKET = '/var/run/docker.sock';

const API = '/v1.40'; // Docker 19.03; later daemons answer it
const ANSWER_MS = 5_000;
const MOST_BYTES = 256 * 2 ** 20;

/** Something that happened to a container or a network, as the daemon tells it (Engine API, `/events`). */
export interface DockerEvent {
  readonly type: string; // `container`, `network`
  readonly action: string; // `start`, `die`, `connect`, `disconnect`, `create`, `destroy`
  readonly container: string | undefined; // its id
  readonly at: number; // when, by the daemon's clock; milliseconds since 1970
}

/** Talks to the daemon through its socket. */
export class DockerEngine {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  /** @returns the answer's text; `undefined` where there is no such thing. @throws Error where the daemon does not answer */
  async get(path: string): Promise<string | undefined> {
    const response = await this.#open(path, ANSWER_MS);
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk;
      if (text.length > MOST_BYTES) throw new Error('the daemon says more than can be believed');
    }
    if (response.statusCode === 404) return undefined;
    if (response.statusCode !== 200) throw new Error(`the daemon says ${response.statusCode}: ${text.slice(0, 200)}`);
    return text;
  }

  /** What happens from now on, until the daemon ends. @throws Error where it does not answer, or nobody wants to hear it any more */
  async *events(signal: AbortSignal): AsyncGenerator<DockerEvent> {
    const filters = encodeURIComponent(JSON.stringify({ type: ['container', 'network'] }));
    const response = await this.#open(`/events?filters=${filters}`, undefined, signal);
    try {
      if (response.statusCode !== 200)
        throw new Error(`the daemon says ${response.statusCode} to a wish for its events`);
      for await (const line of createInterface({ input: response })) {
        const event = eventOf(line);
        if (event !== undefined) yield event;
      }
    } finally {
      response.destroy();
    }
  }

  #open(path: string, timeout: number | undefined, signal?: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      // Without an agent: the common one ends what is silent for five seconds.
      const asked = request({
        socketPath: this.#socket,
        path: API + path,
        agent: false,
        ...(timeout === undefined ? {} : { timeout }),
        ...(signal === undefined ? {} : { signal }),
      });
      asked.on('response', resolve);
      asked.on('timeout', () => asked.destroy(new Error('the daemon does not answer')));
      asked.on('error', reject);
      asked.end();
    });
  }
}

function eventOf(line: string): DockerEvent | undefined {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(said) || typeof said.Type !== 'string' || typeof said.Action !== 'string') return undefined;
  const actor = isRecord(said.Actor) ? said.Actor : {};
  const attributes = isRecord(actor.Attributes) ? actor.Attributes : {};
  const container = said.Type === 'container' ? actor.ID : attributes.container;
  return {
    type: said.Type,
    action: said.Action,
    container: typeof container === 'string' ? container : undefined,
    at: typeof said.timeNano === 'number' ? said.timeNano / 1e6 : Date.now(),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
