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
const ANSWER_MS = 240_000; // for openclaw to start, connect and answer: it takes a minute of processor time
const LINGER_MS = 3_000; // for what it does by the way

const machine = new Machine(folder);
const policy = machine.path('portcullis.yaml');

/** As OpenClaw's guide to Discord has it, with the model of most people. */
const CONFIGURATION = {
  agents: { defaults: { model: { primary: 'anthropic/claude-sonnet-4-6' } } },
  models: { providers: { anthropic: { apiKey: 'sk-ant-EXAMPLE-SECRET', models: [] } } },
  channels: {
    discord: { enabled: true, token: BOT_TOKEN, groupPolicy: 'allowlist', guilds: { [STORY.guild]: {} } },
  },
  plugins: { entries: { discord: { enabled: true } } },
  gateway: { mode: 'local', bind: 'loopback', auth: { mode: 'token', token: 'GATEWAY-EXAMPLE-SECRET' } },
  logging: { file: join(HOME, 'openclaw.log') },
};

function tell(part: string, what: string, came: string): void {
  process.stdout.write(`${JSON.stringify({ part, what, came })}\n`);
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

const story: Seen[] = [];
let read = 0; // characters of what the world has said

/** All that was seen outside until now. It is asked again and again while openclaw needs the processor: each line is parsed once. */
function seen(): readonly Seen[] {
  const end = world.said.lastIndexOf('\n') + 1;
  for (const line of world.said.slice(read, end).split('\n')) if (line.startsWith('{')) story.push(JSON.parse(line));
  read = end;
  return story;
}

function decisions(): readonly GatewayRecord[] {
  if (!existsSync(LOG)) return [];
  return readFileSync(LOG, 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : JSON.parse(line)));
}

/** How openclaw's connections must come to the gateway. */
type Way = 'connect' | 'transparent';

function isAnswer(each: Seen): boolean {
  const isPosted = each.kind === 'request' && each.host === 'discord.com' && each.method === 'POST';
  return isPosted && each.path.endsWith(`/channels/${STORY.channel}/messages`);
}

/** Runs `openclaw gateway run` until it has answered, and tells what the world outside saw of it. */
async function conversation(way: Way): Promise<void> {
  const before = seen().length;
  const made = () => seen().slice(before);
  const going = new Going(...machine.openclaw(['gateway', 'run']));
  const began = performance.now();
  await eventually(() => made().some(isAnswer) || going.hasEnded, ANSWER_MS);
  if (going.hasEnded) process.stderr.write(going.said);
  tell(way, 'seconds until it has answered', ((performance.now() - began) / 1000).toFixed(1));
  await new Promise((resolve) => setTimeout(resolve, LINGER_MS));
  tell(way, 'openclaw is told to end', `exit ${await going.end('SIGTERM')}`);
  writeFileSync(machine.path(`${way}.txt`), going.said);

  const told = made().flatMap((each) => (each.kind === 'socket' ? `${each.opcode} at ${each.host}` : []));
  tell(way, 'what Discord’s gateway is told', [...new Set(told)].join(', '));
  const isAsked = (each: Seen) =>
    each.kind === 'request' && each.host === 'api.anthropic.com' && each.body.includes(STORY.question);
  tell(way, 'the model is asked what the person wrote', String(made().some(isAsked)));
  const answers = made().flatMap((each) => (each.kind === 'request' && isAnswer(each) ? each.body : []));
  tell(way, 'what is posted to the channel', answers.join(' '));
}

/** What the gateway has recorded of a conversation; a connection is recorded when it ends, the last of them when the gateway does. */
function tellDecided(way: Way, decided: readonly GatewayRecord[]): void {
  const connected = decided.filter(({ verdict, port }) => verdict === 'allow' && port !== undefined);
  tell(way, 'how it came to the gateway', [...new Set(connected.map((each) => each.way))].join(', '));
  tell(
    way,
    'where it was let',
    [...new Set(connected.map(({ host, flow }) => `${host} by ${flow}`))].toSorted().join(', '),
  );
  tellDenied(way, decided);
}

/** What was refused, each name with its reason and the ids of its requests; and whether anything of it was seen outside. */
function tellDenied(way: Way, decided: readonly GatewayRecord[]): void {
  const denied = decided.filter(({ verdict }) => verdict === 'deny');
  for (const [host, records] of Map.groupBy(denied, (each) => each.host)) {
    const reasons = new Set(records.map(({ reason, sentence }) => `${reason}: ${sentence}`));
    const ids = records.map((each) => `${each.way} ${each.protocol} ${each.id}`);
    tell(way, `denied ${host}`, `${[...reasons].join('; ')} (${ids.join(', ')})`);
  }
  const names = seen().map((each) => (each.kind === 'lookup' || each.kind === 'tls' ? each.name : each.host));
  const reached = new Set(denied.map(({ host }) => host).filter((host) => names.includes(host)));
  tell(way, 'denied, and seen outside', [...reached].join(', '));
}

/** OpenClaw's own look at its proxy. It takes an answer below 400 for success, so the path must be one that has such an answer. */
async function validate(): Promise<void> {
  const allowed = ['https://discord.com/', 'https://discord.com/api/v10/gateway'].flatMap((url) => [
    '--allowed-url',
    url,
  ]);
  const { code, out } = await machine.runOpenclaw('proxy', 'validate', '--json', ...allowed);
  const { checks }: { readonly checks: readonly { readonly kind: string; readonly ok: boolean }[] } = JSON.parse(out);
  tell(
    'connect',
    'openclaw proxy validate',
    `exit ${code}: ${checks.map(({ kind, ok }) => `${kind} ${ok}`).join(', ')}`,
  );
}

await machine.build({ modules, home });
const world = await machine.outside();
await machine.configure(JSON.stringify(CONFIGURATION));
await portcullis('init', '--config', CONFIG, '--output', policy);
writeFileSync(policy, mended(readFileSync(policy, 'utf8')), { mode: 0o644 });
tell(
  'setup',
  'the policy that init proposed, with a gateway, is checked',
  (await portcullis('check', policy)).trim().split('\n').at(-1) ?? '',
);
await must('nft', ['-f', '-'], await portcullis('render', 'nftables', policy));
const gateway = new Going(NODE, [MAIN, 'gateway', 'run', policy]);
await gateway.says('dns ');
try {
  await conversation('transparent');
  const told = new Date().toISOString(); // of the proxy: from now on it is another conversation

  await portcullis('render', 'openclaw', policy, '--output', machine.path('settings'));
  const settings: object = JSON.parse(readFileSync(machine.path('settings/openclaw.json'), 'utf8'));
  await machine.configure(JSON.stringify({ ...CONFIGURATION, ...settings }));
  await validate();
  await conversation('connect');

  tell('setup', 'the gateway is told to end', `exit ${await gateway.end('SIGTERM')}`);
  const all = decisions();
  tellDecided(
    'transparent',
    all.filter(({ time }) => time < told),
  );
  tellDecided(
    'connect',
    all.filter(({ time }) => time >= told),
  );
} finally {
  await world.end('SIGKILL');
}
