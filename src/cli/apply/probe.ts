import { connect } from 'node:net';
import { MachineError, run } from '../../host/index.ts';
import { formatAddress, PROTOCOLS } from '../../net/index.ts';
import { parseFlowExpression } from '../../policy/index.ts';
import { EXIT } from '../console.ts';
import { Stop, stop } from '../report.ts';
import { APPLY_PROBLEMS } from './problems.ts';

/** What shows that a machine still does what it is for, while a change is on trial. */
export type Probe =
  | { readonly kind: 'program'; readonly program: string; readonly args: readonly string[] }
  | { readonly kind: 'connection'; readonly host: string; readonly port: number };

export interface ProbeResult {
  readonly passed: boolean;
  readonly said: string; // in a sentence
}

/** @throws Stop where it is neither, or both */
export function probeOf(command: readonly string[], flow: string | undefined): Probe {
  const [program, ...args] = command;
  if ((program === undefined) === (flow === undefined))
    throw stop(EXIT.unusable, APPLY_PROBLEMS.wrongProbe, 'a probe is either a program or a flow');
  return program === undefined ? connectionOf(flow ?? '') : { kind: 'program', program, args };
}

/** A connection that this machine opens itself, whatever account does it. */
function connectionOf(text: string): Probe {
  const { flow, diagnostics } = parseFlowExpression(text);
  if (flow === undefined) throw new Stop(EXIT.unusable, diagnostics);
  const { to, from, protocol } = flow;
  const port = to.ports !== undefined && to.ports.first === to.ports.last ? to.ports.first : undefined;
  const host =
    to.kind === 'name'
      ? to.name
      : to.kind === 'addresses' && to.range.first === to.range.last
        ? addressOf(to.range)
        : undefined;
  if (
    protocol !== PROTOCOLS.tcp ||
    from.kind !== 'name' ||
    from.name !== 'host' ||
    port === undefined ||
    host === undefined
  ) {
    const problem = `\`${text}\` cannot be tried: a probe is \`tcp host -> ADDRESS-OR-NAME:PORT\``;
    throw stop(EXIT.unusable, APPLY_PROBLEMS.wrongProbe, problem);
  }
  return { kind: 'connection', host, port };
}

function addressOf({ family, first }: { readonly family: 4 | 6; readonly first: bigint }): string {
  return formatAddress({ family, value: first });
}

/** Tries it once. @param withinMs after which it has failed */
export async function tryProbe(probe: Probe, withinMs: number): Promise<ProbeResult> {
  switch (probe.kind) {
    case 'program':
      return tryProgram(probe.program, probe.args, withinMs);
    case 'connection':
      return tryConnection(probe.host, probe.port, withinMs);
  }
}

async function tryProgram(program: string, args: readonly string[], timeoutMs: number): Promise<ProbeResult> {
  try {
    const { exitCode } = await run(program, args, { timeoutMs });
    return { passed: exitCode === 0, said: `\`${program}\` ended with ${exitCode}` };
  } catch (error) {
    if (error instanceof MachineError) return { passed: false, said: error.message };
    throw error;
  }
}

function tryConnection(host: string, port: number, timeoutMs: number): Promise<ProbeResult> {
  const socket = connect({ host, port });
  return new Promise((resolve) => {
    const end = (passed: boolean, said: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ passed, said });
    };
    const timer = setTimeout(() => end(false, `no answer from ${host} at port ${port}`), timeoutMs);
    socket.once('connect', () => end(true, `${host} answered at port ${port}`));
    socket.once('error', (error) => end(false, `${host} at port ${port}: ${error.message}`));
  });
}
