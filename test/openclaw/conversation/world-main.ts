/**
 * A person writes to a bot on Discord, and the real openclaw answers, through the gateway: once with the gateway as its proxy, once knowing of
 * none. Everything is set up as the guides say. In namespaces of its own (the test makes them); prints a JSON line for each thing that was
 * done, and what came of it. `world-main.ts FOLDER MODULES HOME`: an empty folder, node_modules with openclaw, a home with its plugin for Discord.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GatewayRecord } from '../../../src/gateway/index.ts';
import { Going, must } from '../../gateway/commands.ts';
import { RESOLVER } from '../../gateway/outer.ts';
import { eventually } from '../../lab/support.ts';
import { Machine } from './machine.ts';
import { CONFIG, HOME } from './place.ts';
import { BOT_TOKEN, type Seen, STORY } from './story.ts';

const [folder = '', modules = '', home = ''] = process.argv.slice(2);
const NODE = process.execPath;
const MAIN = join(import.meta.dirname, '../../../src/cli/main.ts');
const LOG = '/var/log/portcullis-gateway/decisions.jsonl';
const ANSWER_MS = 180_000; // for openclaw to start, connect and answer
const LINGER_MS = 3_000; // for what it does by the way

const machine = new Machine(folder);
const policy = machine.path('portcullis.yaml');
const settings = machine.path('settings');

/** As OpenClaw's guide to Discord has it, with the model of most people. */
const CONFIGURATION = JSON.stringify({
  agents: { defaults: { model: { primary: 'anthropic/claude-sonnet-4-6' } } },
  models: { providers: { anthropic: { apiKey: 'sk-ant-EXAMPLE-SECRET', models: [] } } },
  channels: {
    discord: { enabled: true, token: BOT_TOKEN, groupPolicy: 'allowlist', guilds: { [STORY.guild]: {} } },
  },
  plugins: { entries: { discord: { enabled: true } } },
  gateway: { mode: 'local', bind: 'loopback', auth: { mode: 'token', token: 'GATEWAY-EXAMPLE-SECRET' } },
  logging: { file: join(HOME, 'openclaw.log') },
});

function tell(what: string, came: string): void {
  process.stdout.write(`${JSON.stringify({ what, came })}\n`);
}

function portcullis(...args: readonly string[]): Promise<string> {
  return must(NODE, [MAIN, ...args]);
}

/** What a person makes of the policy that was proposed: the gateway, and no calls home, which it allows since they are on by default. */
function mended(text: string): string {
  const less = text
    .replace(/^ {2}- name: openclaw-(?:update|catalog)\n(?: {4}.*\n)*/gm, '')
    .replace(/^.*(?:telemetry|catalog)\.openclaw\.ai:443\/tcp\n/gm, '');
  return `${less}\ngateway:\n  upstream: ${RESOLVER}\n`;
}

function seen(world: Going): readonly Seen[] {
  return world.said.split('\n').flatMap((line) => (line.startsWith('{') ? JSON.parse(line) : []));
}

function decisions(): readonly GatewayRecord[] {
  if (!existsSync(LOG)) return [];
  const lines = readFileSync(LOG, 'utf8').trim().split('\n');
  return lines.flatMap((line) => (line === '' ? [] : JSON.parse(line)));
}

/** Runs `openclaw gateway run` until it has answered. Tells what Discord and the model saw of it, and how it got there. */
async function conversation(what: string, world: Going): Promise<void> {
  const before = { seen: seen(world).length, decisions: decisions().length };
  const now = () => seen(world).slice(before.seen);
  const isAnswer = (each: Seen) =>
    each.kind === 'request' && each.method === 'POST' && each.path.endsWith('/messages') && each.host === 'discord.com';
  const going = new Going(...machine.openclaw(['gateway', 'run']));
  const started = performance.now();
  await eventually(() => now().some(isAnswer) || going.child.exitCode !== null, ANSWER_MS);
  tell(`${what}: seconds`, ((performance.now() - started) / 1000).toFixed(1));
  await new Promise((resolve) => setTimeout(resolve, LINGER_MS));
  tell(`${what}: it ends`, `exit ${await going.end('SIGTERM')}`);
  writeFileSync(machine.path(`${what}.txt`), going.said);
  const made = now();
  const sockets = made.flatMap((each) => (each.kind === 'socket' ? `${each.host} ${each.opcode}` : []));
  tell(`${what}: Discord’s gateway is told`, [...new Set(sockets)].join(', '));
  const asked = made.some((each) => each.kind === 'request' && each.host === 'api.anthropic.com' && each.body.includes(STORY.question));
  tell(`${what}: the model is asked what the person wrote`, String(asked));
  const answers = made.flatMap((each) => (each.kind === 'request' && isAnswer(each) ? each.body : []));
  tell(`${what}: the answer`, answers.join(' '));
}

await machine.build({ modules, home });
const world = await machine.outside();
await machine.configure(CONFIGURATION);
await portcullis('init', '--config', CONFIG, '--output', policy);
writeFileSync(policy, mended(readFileSync(policy, 'utf8')), { mode: 0o644 });
await portcullis('check', policy);
await must('nft', ['-f', '-'], await portcullis('render', 'nftables', policy));
const gateway = new Going(NODE, [MAIN, 'gateway', 'run', policy]);
await gateway.says('dns ');

await conversation('transparent', world);
await portcullis('render', 'openclaw', policy, '--output', settings);
process.stdout.write(JSON.stringify(decisions(), null, 1));
process.stdout.write(JSON.stringify(seen(world).filter(({kind}) => kind !== 'lookup'), null, 1).slice(0, 20000));
await gateway.end('SIGTERM');
await world.end('SIGKILL');
