/**
 * Attacks the gateway as it is used: one machine with agents and a gateway, and the world outside, in namespaces of their own (the
 * test makes them); the policy in the kernel, the real command `portcullis gateway`, real clients. Prints a JSON line for each
 * attempt. `world-main.ts FOLDER`, an empty folder.
 */
import { findProgram } from '../../src/host/index.ts';
import { DNS, DNS_AFTERWARDS, DNS_BESIDE, DNS_LOAD } from './attacks/dns.ts';
import { HTTP } from './attacks/http.ts';
import { INSIDE, RENEWED } from './attacks/inside.ts';
import { KERNEL, KERNEL_AFTERWARDS, KERNEL_STRICTER, UNGUARDED } from './attacks/kernel.ts';
import { DIALLED, SURVIVAL } from './attacks/survival.ts';
import { BROWSED, TLS, TLS_BESIDE } from './attacks/tls.ts';
import { APPROVED, LEDGER, OPERATED, UNGUARDED_AGAIN, USE } from './attacks/use.ts';
import type { Attempt, Told } from './attempt.ts';
import { BROWSER } from './browser.ts';
import { World } from './world.ts';

const [folder = ''] = process.argv.slice(2);
const world = await World.make(folder);

await inOrder(UNGUARDED);
await world.takeArrivals();
await world.enforce();
await world.start();
await inOrder(USE);
const browsed = findProgram(BROWSER) === undefined ? [] : BROWSED;
const beside = [...DNS_BESIDE, ...TLS_BESIDE, ...browsed].map((attempt) => make(attempt)); // they mostly wait
const approved = inOrder(APPROVED);
await Promise.all([DNS, [...TLS, ...INSIDE], [...HTTP, ...KERNEL]].map(inOrder));
await Promise.all([approved, ...beside]);
await inOrder([
  ...LEDGER,
  ...KERNEL_STRICTER,
  ...OPERATED,
  ...RENEWED,
  ...DNS_LOAD,
  ...SURVIVAL,
  ...DNS_AFTERWARDS,
  ...KERNEL_AFTERWARDS,
  ...DIALLED,
  ...UNGUARDED_AGAIN,
]);
await world.end();

async function inOrder(attempts: readonly Attempt[]): Promise<void> {
  for (const attempt of attempts) await make(attempt);
}

async function make({ rows, what, verdict, must, try: attempt }: Attempt): Promise<void> {
  const began = performance.now();
  const came = await Promise.resolve(attempt(world)).catch((error: unknown) => `it failed: ${String(error)}`);
  const ms = Math.round(performance.now() - began);
  const holds = must.test(came);
  const told: Told = { rows, what, verdict, must: String(must), came, holds, ms };
  process.stdout.write(`${JSON.stringify(holds ? told : { ...told, decided: world.decided(8) })}\n`);
}
