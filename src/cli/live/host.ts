import { userInfo } from 'node:os';
import type { RequestKind, Requests } from '../../enforcer/protocol.ts';
import { type Machine, machineAt } from '../../host/index.ts';
import { EXIT } from '../console.ts';
import { stop } from '../report.ts';
import { LIVE_PROBLEMS } from './problems.ts';

/** The machine that a command runs on: what anybody may read of it, and what it takes root to ask. */
export interface LiveHost {
  readonly machine: Machine;
  readonly person: string; // the account that asks, of sudo's caller where there is one
  /** @throws Stop where the answer is a problem */
  readonly ask: <K extends RequestKind>(kind: K, ask: Requests[K]['ask']) => Promise<Requests[K]['answer']>;
}

export function liveHost(): LiveHost {
  return {
    machine: machineAt(),
    person: process.env.SUDO_USER ?? userInfo().username,
    ask: () => Promise.reject(stop(EXIT.machine, LIVE_PROBLEMS.noEnforcer)),
  };
}
