import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../../src/host/index.ts';
import { PROXY_HOST } from './proxy-host.ts';

/** A proxy that runs. */
export interface RunningProxy {
  readonly name: string;
  readonly port: number;
  readonly opening: 'connect' | 'hello'; // what a client says first: a CONNECT, or its ClientHello
  readonly cpuMs: () => number; // of its process and its threads, so far
  readonly stop: () => Promise<void>;
}

const START_MS = 20_000;
const CLOCK_TICK_MS = 10; // sysconf(_SC_CLK_TCK) is 100 on Linux

export async function startDestination(): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const { child, port } = await startNode('proxy-destination.ts', []);
  return { port, stop: () => ended(child) };
}

export async function ourProxy(kind: 'http' | 'transparent', destination: number): Promise<RunningProxy> {
  const { child, port } = await startNode('egress-proxy.ts', [kind, String(destination)]);
  const opening = kind === 'http' ? 'connect' : 'hello';
  return running(kind === 'http' ? 'portcullis, CONNECT' : 'portcullis, redirected', port, opening, child);
}

/** No proxy, but what none that runs on Node can go beyond: it connects whoever comes. */
export async function bareRelay(destination: number): Promise<RunningProxy> {
  const { child, port } = await startNode('bare-relay.ts', [String(destination)]);
  return running('Node’s sockets alone', port, 'hello', child);
}

/** Squid as Debian has it, in one process, without a cache and without a log. @returns why not, where it is not there. */
export async function squid(folder: string): Promise<RunningProxy | string> {
  if (findProgram('squid') === undefined) return 'squid is not installed; apt-get install squid';
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o777); // it runs as an account of its own
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('hosts'), `127.0.0.1 ${PROXY_HOST}\n`);
  const lines = [
    `http_port 127.0.0.1:${port}`,
    ...['access_log none', 'cache deny all', 'cache_mem 8 MB', 'http_access allow all', 'shutdown_lifetime 0 seconds'],
    ...[`cache_log ${at('log')}`, `pid_filename ${at('pid')}`, `hosts_file ${at('hosts')}`, `coredump_dir ${folder}`],
    ...['visible_hostname bench', 'pinger_enable off', 'netdb_filename none', 'max_filedescriptors 16384'],
  ];
  writeFileSync(at('conf'), `${lines.join('\n')}\n`);
  const child = spawn('squid', ['-N', '-f', at('conf')], { stdio: 'ignore' });
  return (await listens(port))
    ? running('squid, CONNECT', port, 'connect', child)
    : `squid did not start: ${tail(at('log'))}`;
}

/** HAProxy as Debian has it, which reads the server name and passes TLS on; it knows no CONNECT. */
export async function haproxy(folder: string, destination: number): Promise<RunningProxy | string> {
  if (findProgram('haproxy') === undefined) return 'haproxy is not installed; apt-get install haproxy';
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const conf = join(folder, 'conf');
  const lines = [
    'global\n  maxconn 8192',
    'defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s',
    `frontend in\n  bind 127.0.0.1:${port}\n  tcp-request inspect-delay 5s`,
    `  tcp-request content accept if { req.ssl_sni -i ${PROXY_HOST} }\n  tcp-request content reject`,
    `  default_backend out\nbackend out\n  server one 127.0.0.1:${destination}`,
  ];
  writeFileSync(conf, `${lines.join('\n')}\n`);
  const child = spawn('haproxy', ['-db', '-f', conf], { stdio: 'ignore' });
  return (await listens(port)) ? running('haproxy, by server name', port, 'hello', child) : 'haproxy did not start';
}

function running(name: string, port: number, opening: RunningProxy['opening'], child: ChildProcess): RunningProxy {
  return { name, port, opening, cpuMs: () => cpuMs(child.pid), stop: () => ended(child) };
}

async function startNode(file: string, args: readonly string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, file), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) return { child, port: Number(line) };
  throw new Error(`${file} said nothing`);
}

/** Fields 14 and 15 of /proc/PID/stat (proc_pid_stat(5)), all threads together. */
function cpuMs(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  const timer = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await new Promise((done) => child.once('exit', done));
  clearTimeout(timer);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const bound = server.address();
  await new Promise((done) => server.close(done));
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

async function listens(port: number): Promise<boolean> {
  const end = performance.now() + START_MS;
  while (performance.now() < end) {
    const isThere = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        done(true);
      }).once('error', () => done(false));
    });
    if (isThere) return true;
    await sleep(50);
  }
  return false;
}

function tail(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').slice(-2).join(' ');
  } catch {
    return 'it wrote no log';
  }
}
