import { oneOf } from './guard.ts';
import { ENFORCER_PROBLEMS } from './problems.ts';
import type { Request, RequestKind } from './protocol.ts';
import { type Refusal, refusal } from './refusal.ts';
import { REQUESTS } from './shapes.ts';

const KINDS: readonly RequestKind[] = ['snapshot', 'state', 'begin', 'confirm', 'revert', 'recall', 'cut', 'note'];
const kindGuard = oneOf(...KINDS);

/** @throws Refusal with all that is wrong with it */
export function parseRequest(text: string): Request {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unusable(['it is no JSON']);
  }
  const problems: string[] = [];
  const kind: unknown = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  if (!kindGuard(kind, 'kind', problems)) throw unusable(problems);
  const guard: (value: unknown, at: string, problems: string[]) => value is Request = REQUESTS[kind];
  if (guard(value, kind, problems)) return value;
  throw unusable(problems);
}

function unusable(problems: readonly string[]): Refusal {
  const shown = problems.slice(0, 20);
  const more = problems.length > shown.length ? [`and ${problems.length - shown.length} more`] : [];
  return refusal('unusable', ENFORCER_PROBLEMS.unusableRequest, [...shown, ...more]);
}
