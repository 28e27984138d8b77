import { type ChildProcess, spawn } from 'node:child_process';
import { ownProgram } from '../../own-files.ts';
import { findProgram } from '../process.ts';
import { Endpoint } from './endpoint.ts';
import { readJsonLines } from './json-lines.ts';
import { HOST, type ReplyLine, type RequestLine, type Requests } from './protocol.ts';
import { sendLine, serve } from './serve.ts';

// The first process of the private world. It is the protected machine itself, starts the other endpoints, and passes
// their lines on. When its input ends, however the program outside ended, it exits; with the first process of a process
// namespace the kernel ends all others, and with them go the network namespaces and every rule in them.

const endpoints = new Map<string, ChildProcess>();
const host = new Endpoint();

process.stdin.on('end', () => process.exit(0));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(0));

readJsonLines(process.stdin, (value) => {
  const line = value as RequestLine; // written by `Lab#ask` of this very program
  if (line.to === HOST) {
    if (isStart(line)) sendLine(start(line.id, line.ask));
    else void serve(host, line);
    return;
  }
  const stdin = endpoints.get(line.to)?.stdin;
  if (stdin) stdin.write(`${JSON.stringify(line)}\n`);
  else sendLine({ id: line.id, problem: `there is no endpoint \`${line.to}\`` });
});

function isStart(line: RequestLine): line is RequestLine<'start'> {
  return line.kind === 'start';
}

function start(id: number, ask: Requests['start']['ask']): ReplyLine {
  const program = ownProgram('host/lab/endpoint-main');
  const node = [process.execPath, program, ...(ask.account === undefined ? [] : [String(ask.account)])];
  const [command, ...args] = ask.ownNetwork ? [findProgram('unshare') ?? 'unshare', '--net', ...node] : node;
  if (command === undefined) return { id, problem: 'nothing to start' };
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  if (child.pid === undefined) return { id, problem: `\`${command}\` cannot be started` };
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2_000);
  });
  child.on('close', () => {
    endpoints.delete(ask.name);
    sendLine({ ended: ask.name, said: said.trim() });
  });
  child.stdin.on('error', () => child.kill()); // it is going away; `close` tells
  readJsonLines(child.stdout, (reply) => sendLine(reply as ReplyLine)); // written by `sendLine` of the endpoint
  endpoints.set(ask.name, child);
  return { id, answer: { pid: child.pid } };
}
