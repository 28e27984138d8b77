import type { Reason } from '../record.ts';
import type { Refusal } from '../refusal.ts';
import type { Wanted } from '../wanted.ts';
import { narrowestFlow } from './flow-text.ts';

/** What a client is told that did not get what it asked for. */
export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface Asked {
  readonly wanted?: Wanted; // where it was understood
  readonly accept?: string; // of the request
  readonly mayShowCredentials?: boolean;
}

const REALM = 'Portcullis';

interface Kind {
  readonly status: number;
  readonly error: string; // of RFC 9209 2.3
}

export function answerTo(refusal: Refusal, asked: Asked = {}): Answer {
  const isChallenge = refusal.reason === 'no-identity' && asked.mayShowCredentials === true;
  const { status, error } = isChallenge ? { status: 407, error: 'http_request_denied' } : kindOf(refusal.reason);
  const sentence = printable(refusal.sentence);
  const isText = /\btext\/(?:html|plain)\b/i.test(asked.accept ?? '');
  const body = isText ? textBody(refusal, asked) : jsonBody(refusal, asked);
  return {
    status,
    statusText: STATUS_TEXTS[status] ?? 'Refused',
    headers: [
      ['Content-Type', isText ? 'text/plain; charset=utf-8' : 'application/json'],
      ['X-Content-Type-Options', 'nosniff'],
      ['Cache-Control', 'no-store'],
      ['Content-Length', String(Buffer.byteLength(body))],
      ['Proxy-Status', `portcullis; error=${error}; details="${sentence.replace(/["\\]/g, '\\$&')}"`],
      ['X-Portcullis-Request', printable(refusal.id)],
      ...(isChallenge ? [['Proxy-Authenticate', `Basic realm="${REALM}", charset="UTF-8"`] as const] : []),
    ],
    body,
  };
}

/** Behind the head, for a client that is not read by an HTTP server. */
export function answerText({ status, statusText, headers, body }: Answer, withBody = true): string {
  const lines = [...headers, ['Connection', 'close'] as const].map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${statusText}\r\n${lines.join('')}\r\n${withBody ? body : ''}`;
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  407: 'Proxy Authentication Required',
  429: 'Too Many Requests',
  502: 'Bad Gateway',
  504: 'Gateway Timeout',
};

function kindOf(reason: Reason): Kind {
  switch (reason) {
    case 'unknown-client':
    case 'unlisted-name':
    case 'unlisted-address':
    case 'other-service':
    case 'no-identity':
    case 'cut':
      return { status: 403, error: 'http_request_denied' };
    case 'special-address':
    case 'own-address':
      return { status: 403, error: 'destination_ip_prohibited' };
    case 'bad-host':
    case 'bad-request':
    case 'query-type':
      return { status: 400, error: 'http_request_error' };
    case 'budget':
    case 'rate':
      return { status: 429, error: 'connection_limit_reached' };
    case 'no-address':
    case 'not-opened':
      return { status: 502, error: 'dns_error' };
    case 'unreachable':
      return { status: 502, error: 'destination_unavailable' };
    case 'no-answer':
      return { status: 504, error: 'connection_timeout' };
  }
}

/** Whether the policy is what stands in the way, so that a flow would help. */
function flowFor({ reason }: Refusal, { wanted }: Asked): string | undefined {
  switch (reason) {
    case 'unknown-client':
    case 'unlisted-name':
    case 'unlisted-address':
    case 'other-service':
    case 'cut':
      return wanted === undefined ? undefined : narrowestFlow(wanted);
    default:
      return undefined;
  }
}

function jsonBody(refusal: Refusal, asked: Asked): string {
  const { reason, sentence, help, id } = refusal;
  const flow = flowFor(refusal, asked);
  const said = { error: 'refused by the egress gateway', reason, sentence, help, request: id, flow };
  return `${JSON.stringify(said, undefined, 2).replace(/[^\n -~]|[<>&]/g, escapeOne)}\n`;
}

function textBody(refusal: Refusal, asked: Asked): string {
  const flow = flowFor(refusal, asked);
  const lines = [
    `Refused by the egress gateway: ${refusal.sentence} (${refusal.reason}).`,
    ...(refusal.help === undefined ? [] : [`What to do: ${refusal.help}.`]),
    ...(flow === undefined ? [] : [`The narrowest flow that would allow it: ${flow}`]),
    `Request: ${refusal.id}`,
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

/** Nothing that a terminal, a log or a browser takes for more than text. */
function printable(text: string): string {
  return text.replace(/[^ -~]|[<>&]/g, escapeOne);
}

function escapeOne(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
