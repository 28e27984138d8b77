import { writeSync } from 'node:fs';
import type { Endpoint } from './endpoint.ts';
import type { EndpointRequestKind, ReplyLine, RequestLine } from './protocol.ts';

/** Writes one line at once, whole: lines of several requests never mix. */
export function sendLine(line: ReplyLine): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  let from = 0;
  while (from < bytes.length) {
    try {
      from += writeSync(1, bytes, from);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') continue; // a full pipe: the reader is behind
      process.exit(0); // nobody reads any more: the world may end
    }
  }
}

/** Serves one request and answers it, with the answer or with what went wrong. */
export async function serve(endpoint: Endpoint, line: RequestLine): Promise<void> {
  try {
    sendLine({ id: line.id, answer: await dispatch(endpoint, line) });
  } catch (error) {
    sendLine({ id: line.id, problem: error instanceof Error ? error.message : String(error) });
  }
}

function dispatch(endpoint: Endpoint, line: RequestLine): Promise<unknown> {
  if (!isEndpointRequest(endpoint, line)) throw new Error(`an endpoint does not know \`${line.kind}\``);
  return call(endpoint, line.kind, line);
}

function isEndpointRequest(endpoint: Endpoint, line: RequestLine): line is RequestLine<EndpointRequestKind> {
  return Object.hasOwn(endpoint.handlers, line.kind);
}

function call<Kind extends EndpointRequestKind>(endpoint: Endpoint, kind: Kind, line: RequestLine): Promise<unknown> {
  // The line's `ask` belongs to its `kind`: both ends are this program, and only `Lab#ask` writes lines.
  return endpoint.handlers[kind](line.ask as RequestLine<Kind>['ask']);
}
