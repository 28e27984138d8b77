import { existsSync } from 'node:fs';
import { begin, confirm, revert } from './change.ts';
import { alone, type Context, LOCK_WAIT_MS, note } from './context.ts';
import { cut } from './cut.ts';
import { parseRequest } from './parse-request.ts';
import { ENFORCER_PROBLEMS } from './problems.ts';
import type { Person, Problem, Request, RequestKind, Requests } from './protocol.ts';
import { asProblem, refusal } from './refusal.ts';
import { snapshot, storedState } from './snapshot.ts';

type AnyReply =
  | { readonly ok: true; readonly answer: Requests[RequestKind]['answer'] }
  | { readonly ok: false; readonly problem: Problem };

/** Answers one request, given as text. Never throws. @param caller sudo's, whom the request cannot pretend not to be */
export async function answer(text: string, open: () => Context, caller: string | undefined): Promise<AnyReply> {
  try {
    const request = parseRequest(text);
    if (process.getuid?.() !== 0)
      throw refusal('machine', ENFORCER_PROBLEMS.notRoot, 'it was started as another account');
    return {
      ok: true,
      answer: await dispatch(open(), request, (by) => (caller === undefined ? by : { ...by, name: caller })),
    };
  } catch (error) {
    return { ok: false, problem: asProblem(error) };
  }
}

async function dispatch(
  context: Context,
  request: Request,
  whoever: (by: Person) => Person,
): Promise<Requests[RequestKind]['answer']> {
  switch (request.kind) {
    case 'snapshot':
      return snapshot(context, request);
    case 'state':
      return storedState(context);
    case 'begin':
      return begin(context, { ...request, meta: { ...request.meta, by: whoever(request.meta.by) } });
    case 'confirm':
      return confirm(context, { ...request, by: whoever(request.by) });
    case 'revert':
      return revert(context, whoever(request.by));
    case 'recall':
      return alone(context, LOCK_WAIT_MS, async () => context.state.recall(request.number));
    case 'cut':
      return cut(context, request.connections, whoever(request.by));
    case 'note': {
      const { event, by, outcome, policyHash, details } = request;
      return alone(context, LOCK_WAIT_MS, async () => {
        if (!existsSync(context.state.ledger)) return { recorded: false };
        note(context, {
          event,
          by: whoever(by),
          outcome,
          ...(policyHash === undefined ? {} : { policyHash }),
          ...(details === undefined ? {} : { details }),
        });
        return { recorded: true };
      });
    }
  }
}
