import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AccessRequest, hostText } from './access-requests.ts';

/** What operators ask of a running gateway. Whoever can open its socket is one: only the file's permissions say who. */
export interface Controlled {
  readonly health: () => Health;
  readonly metrics: () => Promise<string>; // the text format of Prometheus
  readonly connections: () => readonly OpenConnection[];
  readonly requests: () => readonly AccessRequest[];
  readonly approve: (id: string, by: string, seconds: number) => AccessRequest | undefined;
  readonly refuse: (id: string, by: string) => AccessRequest | undefined;
  /** Reads the policy again; the sentences say what is wrong with it, and the old one stays in force then. */
  readonly reload: () => Promise<Reloaded>;
}

export interface Health {
  readonly ok: boolean;
  readonly since: string; // ISO 8601, UTC
  readonly policy: string; // its name
  readonly observe: boolean;
  readonly troubles: readonly string[]; // sentences; none where all is well
}

export interface OpenConnection {
  readonly id: string;
  readonly agent: string;
  readonly host: string;
  readonly port: number;
}

export type Reloaded =
  | { readonly ok: true; readonly cut: number }
  | { readonly ok: false; readonly problems: readonly string[] };

/** As it stands in JSON. */
export interface ShownRequest {
  readonly id: string;
  readonly agent: string;
  readonly host: string;
  readonly port: number;
  readonly times: number;
  readonly lastAsked: string; // ISO 8601, UTC
  readonly state: AccessRequest['state']['kind'];
  readonly by?: string;
  readonly until?: string;
}

const BODY_BYTES = 4_096;
const LONGEST_SECONDS = 30 * 86_400; // an approval for longer than this is a flow of the policy

/** HTTP on a Unix socket: `GET /health`, `/metrics`, `/connections`, `/requests`; `POST /requests/ID/approve`, `/refuse`, `/reload`. */
export function controlServer(of: Controlled): Server {
  return createServer((request, response) => {
    void answer(of, request, response).catch((error: unknown) => {
      json(response, 500, { error: error instanceof Error ? error.message : String(error) });
    });
  });
}

async function answer(of: Controlled, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '';
  const settling = /^\/requests\/([\w-]{1,64})\/(approve|refuse)$/.exec(path);
  if (request.method === 'POST' && settling !== null) {
    const [, id = '', what] = settling;
    const { status, document } = settled(of, id, what === 'approve', await body(request));
    json(response, status, document);
    return;
  }
  switch (`${request.method} ${path}`) {
    case 'GET /health': {
      const health = of.health();
      json(response, health.ok ? 200 : 503, health);
      break;
    }
    case 'GET /metrics':
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(await of.metrics());
      break;
    case 'GET /connections':
      json(response, 200, { connections: of.connections() });
      break;
    case 'GET /requests':
      json(response, 200, { requests: of.requests().map(shownRequest) });
      break;
    case 'POST /reload': {
      const reloaded = await of.reload();
      json(response, reloaded.ok ? 200 : 409, reloaded);
      break;
    }
    default:
      json(response, 404, { error: 'there is no such thing to ask for' });
  }
}

/** What an operator sends, before it is looked at. */
interface Decision {
  readonly by?: unknown;
  readonly seconds?: unknown;
}

interface Answer {
  readonly status: number;
  readonly document: object;
}

function settled(of: Controlled, id: string, isApproval: boolean, asked: unknown): Answer {
  const { by, seconds }: Decision = typeof asked === 'object' && asked !== null ? asked : {};
  if (typeof by !== 'string' || by === '' || by.length > 64) return bad('`by` must say who decides');
  const isUsable =
    typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 1 && seconds <= LONGEST_SECONDS;
  if (isApproval && !isUsable) return bad(`\`seconds\` must be a whole number from 1 to ${LONGEST_SECONDS}`);
  const request = isUsable && isApproval ? of.approve(id, by, seconds) : of.refuse(id, by);
  if (request === undefined) return { status: 404, document: { error: `there is no request \`${id}\`` } };
  return { status: 200, document: shownRequest(request) };
}

function bad(error: string): Answer {
  return { status: 400, document: { error } };
}

function shownRequest({ id, agent, host, port, times, askedAt, state }: AccessRequest): ShownRequest {
  return {
    id,
    agent,
    host: hostText(host),
    port,
    times,
    lastAsked: new Date(askedAt).toISOString(),
    state: state.kind,
    ...(state.kind === 'pending' ? {} : { by: state.by }),
    ...(state.kind === 'approved' ? { until: new Date(state.until).toISOString() } : {}),
  };
}

/** The JSON that was sent; `undefined` where it is none, or too long. */
async function body(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > BODY_BYTES) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function json(response: ServerResponse, status: number, document: object): void {
  if (!response.headersSent) response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(document)}\n`);
}
