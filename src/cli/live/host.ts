import {
  askEnforcer,
  type Person,
  type Problem,
  type Reply,
  type RequestKind,
  type Requests,
  whoAsks,
} from '../../enforcer/index.ts';
import { type Machine, machineAt } from '../../host/index.ts';
import { EXIT, type ExitCode } from '../console.ts';
import { Stop } from '../report.ts';

/** The machine that a command runs on: what anybody may read of it, and what it takes root to ask. */
export interface LiveHost {
  readonly machine: Machine;
  readonly person: Person; // who asks
  /** @throws Stop where the answer is a problem */
  readonly ask: <K extends RequestKind>(kind: K, ask: Requests[K]['ask']) => Promise<Requests[K]['answer']>;
}

export function liveHost(): LiveHost {
  return {
    machine: machineAt(),
    person: whoAsks(),
    ask: async (kind, ask) => answerOf(await askEnforcer(kind, ask, { viaSudo: true })),
  };
}

/** @throws Stop where the reply is a problem */
export function answerOf<K extends RequestKind>(reply: Reply<K>): Requests[K]['answer'] {
  if (reply.ok) return reply.answer;
  throw problemStop(reply.problem);
}

const CODES: Readonly<Record<Problem['kind'], ExitCode>> = {
  refused: EXIT.refused,
  machine: EXIT.machine,
  unusable: EXIT.unusable,
};

function problemStop({ kind, code, message, help }: Problem): Stop {
  return new Stop(CODES[kind], [{ code, severity: 'error', message, ...(help === undefined ? {} : { help }) }]);
}
