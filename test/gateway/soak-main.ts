/**
 * The gateway under load for long, in namespaces of its own (scripts/soak-gateway.ts makes them): allowed and denied requests, lookups,
 * programs that know of no proxy, long tunnels, and the policy read again, wider and narrower by turns. Prints a JSON line for each look at
 * its processes, and in the end one with what was done. `soak-main.ts FOLDER MINUTES`, an empty folder.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants } from '../lab/support.ts';
import { runAs } from './agent.ts';
import type { LoadAnswer } from './agent-tasks.ts';
import { UNTOUCHED } from './outer.ts';
import type { Look } from './soak-look.ts';
import { AGENT, FLOWS, OTHER, PROXY, policyText, World } from './world.ts';

const LOOK_EVERY_MS = 5_000;
const REST_MS = 40_000; // idle connections end within 30 s
const RELOAD_EVERY_MS = 15_000;
const BURST = { perSecond: 60, count: 600, atOnce: 16 } as const;
const TUNNELS = 8;
const UNLISTED = 'evil.example';

const [folder = '', minutes = ''] = process.argv.slice(2);
const world = await World.make(folder);
// Programs ask twice, five seconds each, as resolv.conf(5) has it; those that are attacked shall give up sooner.
writeFileSync(world.at('resolv.conf'), `nameserver ${UNTOUCHED[4]}\n`);
await world.enforce();
await world.start();
const own = world.gateway.child.pid ?? 0;
const did: Record<string, number> = {};
const wrong = new Map<string, number>(); // what came that should not have, and how often

await world.dig('@127.0.0.1', 'git.example'); // whoever writes sets and tells accounts is there from the first time on
await world.curl('-x', PROXY, 'https://allowed.example/');
await sleep(REST_MS);
const began = performance.now();
const until = began + Number(minutes) * 60_000;
look('rest');
const looks = setInterval(look, LOOK_EVERY_MS, 'load');
await Promise.all([requests(), lookups(), withoutProxy(), tunnels(), reloads()]);
clearInterval(looks);
await sleep(REST_MS);
look('rest');
process.stdout.write(
  `${JSON.stringify({ kind: 'done', did, wrong: [...wrong].slice(0, 20).map(([what, times]) => `${what}, ${times} times`) })}\n`,
);
await world.gateway.end('SIGTERM');
await world.end();

/** What the gateway's process and those that it has started hold now. */
function look(when: Look['when']): void {
  const all = [own, ...descendants(own)];
  const memoryKiB = all.reduce((sum, pid) => sum + residentKiB(pid), 0);
  const descriptors = all.reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0);
  const seconds = Math.round((performance.now() - began) / 1_000);
  const told: Look = { kind: 'look', when, seconds, memoryKiB, descriptors };
  process.stdout.write(`${JSON.stringify(told)}\n`);
}

function residentKiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function again(pauseMs: number, work: () => Promise<void>): Promise<void> {
  while (performance.now() < until) {
    await work();
    await sleep(pauseMs);
  }
}

function count(what: string, by = 1): void {
  did[what] = (did[what] ?? 0) + by;
}

function note(what: string, times = 1): void {
  wrong.set(what, (wrong.get(what) ?? 0) + times);
}

function expect(what: string, came: string, wanted: RegExp): void {
  count(what);
  if (!wanted.test(came)) note(`${what}: ${came}`);
}

/** One in ten to a name that no flow leads to. */
function requests(): Promise<void> {
  return again(0, async () => {
    const { said } = await world.as(AGENT).does({ do: 'load', ...BURST, wrong: UNLISTED });
    const { right, rightFailed, wrongDenied, wrongPassed, problems }: LoadAnswer = JSON.parse(said);
    count('requests that were let through', right);
    count('requests that were denied', wrongDenied);
    if (rightFailed > 0) note(`requests that should have been let through: ${problems.join(', ')}`, rightFailed);
    if (wrongPassed > 0) note('requests that should have been denied', wrongPassed);
  });
}

/** Some again and again, some new each minute. */
function lookups(): Promise<void> {
  return again(200, async () => {
    const fresh = `n${Math.floor(performance.now() / 60_000)}.wild.example`;
    for (const name of ['allowed.example', 'git.example', fresh])
      expect('lookups that were answered', await world.dig('@127.0.0.1', name), /^NOERROR \S+/);
    expect('lookups that were refused', await world.dig('@127.0.0.1', UNLISTED), /^REFUSED/);
  });
}

function withoutProxy(): Promise<void> {
  return again(500, async () => {
    const there = await world.curl('https://allowed.example/');
    expect('fetches by a program that knows of no proxy', there, /^https allowed\.example /);
    const elsewhere = await world.curl('--resolve', `${UNLISTED}:443:93.184.216.34`, `https://${UNLISTED}/`);
    expect('such fetches that were cut', elsewhere, /^curl \d+$/);
    const { code } = await runAs(OTHER, 'curl', '-sS', '-m', '3', 'http://8.8.8.8:8443/');
    expect('connections that the kernel refused', String(code), /^(?:7|28)$/);
  });
}

/** Each is ended by its client after some seconds. */
function tunnels(): Promise<void> {
  return again(0, async () => {
    const ended = await Promise.all(
      Array.from({ length: TUNNELS }, () =>
        world.curlDone('-m', '7', '-p', '-x', PROXY, 'https://allowed.example/slow'),
      ),
    );
    for (const { code } of ended) expect('long tunnels', String(code), /^28$/); // curl(1): the time was over, not cut before
  });
}

/** Wider, and back. */
function reloads(): Promise<void> {
  let isWide = false;
  return again(RELOAD_EVERY_MS, async () => {
    isWide = !isWide;
    world.writePolicy(policyText(isWide ? FLOWS.replace('allowed.example', 'allowed.example, more.example') : FLOWS));
    expect('times that the policy was read again', await world.operator('POST', '/reload'), /"ok": ?true/);
  });
}
