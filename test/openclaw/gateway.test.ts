import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findProgram, hostCapabilities } from '../../src/host/index.ts';
import { run } from '../gateway/commands.ts';
import { STORY } from './conversation/story.ts';
import { homeWithDiscord, openClaw } from './package.ts';

/**
 * The real openclaw behind the gateway, set up as the guides say: a person writes to it on Discord, it asks its model and answers; once
 * with the gateway as its managed proxy, once knowing of none. Discord and the model are stand-ins in a world outside, which sees
 * nothing else of it. What it attempted beside that is told, with the reason and the ids of the requests.
 */
const NAME = 'the real OpenClaw answers on Discord through the gateway, and reaches nothing else';

/** By part and attempt: what must come of it. */
const MUST: Readonly<Record<string, RegExp>> = {
  'setup: the policy that init proposed, with a gateway, is checked': /^sound: 6 flows, \d+ tests proven$/,
  'setup: the gateway is told to end': /^exit 0$/,
  'connect: openclaw proxy validate': /^exit 0: allowed true, allowed true, denied true$/,
  // The canary that it must not get, on its own loopback.
  'connect: denied 127.0.0.1': /^unlisted-address: no flow of openclaw leads to 127\.0\.0\.1 \(connect tcp /,
  ...conversation('transparent', 'dns A [\\w-]{12}'),
  ...conversation('connect', 'connect tcp [\\w-]{12}'),
};

function conversation(way: string, request: string): Readonly<Record<string, RegExp>> {
  const flows = [
    'api.anthropic.com by anthropic',
    'discord.com by discord',
    'gateway-us-east1-b.discord.gg by discord',
    'gateway.discord.gg by discord',
  ];
  const denied = ['catalog.openclaw.ai', 'telemetry.openclaw.ai'].map((host) => [
    `${way}: denied ${host}`,
    new RegExp(`^unlisted-name: no flow of openclaw leads to ${host} \\(${request}`),
  ]);
  return {
    // 2 is "identify", 6 "resume", at the host that Discord has named; others are heartbeats and the like.
    [`${way}: what Discord’s gateway is told`]:
      /\b2 at gateway\.discord\.gg\b.*\b6 at gateway-us-east1-b\.discord\.gg\b/,
    [`${way}: the model is asked what the person wrote`]: /^true$/,
    [`${way}: what is posted to the channel`]: new RegExp(`"content":"${STORY.answer}"`),
    [`${way}: how it came to the gateway`]: new RegExp(`^${way}$`),
    [`${way}: where it was let`]: new RegExp(`^${flows.join(', ')}$`),
    [`${way}: denied, and seen outside`]: /^$/,
    [`${way}: openclaw is told to end`]: /^exit (0|143)$/, // 143: by SIGTERM, as it ends where it has a proxy
    ...Object.fromEntries(denied),
  };
}

/** What it does beside is its own affair, and may differ: as long as it is denied. */
const ALSO = /^(?:transparent|connect): (?:denied \S+|seconds until it has answered)$/;

const LIMIT_MS = 580_000; // on a machine that is busy with other things; some 60 s on a quiet one

interface Told {
  readonly part: string;
  readonly what: string;
  readonly came: string;
}

const found = await prepared();
test(NAME, { skip: 'skip' in found ? found.skip : false }, async (t) => {
  if ('skip' in found) return;
  const folder = mkdtempSync(join(tmpdir(), 'conversation-'));
  chmodSync(folder, 0o755); // the agent reads the certificate, the gateway the policy
  try {
    const world = join(import.meta.dirname, 'conversation/world-main.ts');
    const isolated = [
      '--net',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      '--propagation',
      'private',
    ];
    const args = [...isolated, process.execPath, world, folder, found.modules, found.home];
    const { code, out, err } = await run('unshare', args, undefined, LIMIT_MS);
    const told: readonly Told[] = out.split('\n').flatMap((line) => (line.startsWith('{') ? JSON.parse(line) : []));
    for (const { part, what, came } of told) t.diagnostic(`${part}: ${what}: ${came}`);
    const names = told.map(({ part, what }) => `${part}: ${what}`);
    const wrong = told.filter(({ came }, index) => {
      const name = names[index] ?? '';
      return !(MUST[name]?.test(came) ?? ALSO.test(name));
    });
    assert.deepEqual(wrong, [], err);
    assert.deepEqual(
      Object.keys(MUST).filter((name) => !names.includes(name)),
      [],
      err,
    );
    assert.equal(code, 0, err);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** What is to be put on the machine, or why nothing is shown. */
async function prepared(): Promise<{ readonly modules: string; readonly home: string } | { readonly skip: string }> {
  const { isolation } = await hostCapabilities();
  const tools = ['openssl', 'nft', 'ip', 'setpriv', 'unshare'];
  const missing = tools.filter((program) => findProgram(program) === undefined);
  if (isolation !== 'root')
    return { skip: 'SKIPPED, nobody spoke: it takes root to play an agent, a gateway and the world; run it as root' };
  if (missing.length > 0)
    return { skip: `SKIPPED, nobody spoke: ${missing.join(', ')} missing; \`npm test\` as root installs them` };
  const program = await openClaw();
  if (typeof program === 'string') return { skip: `SKIPPED, nobody spoke: ${program}` };
  program.remove();
  const home = await homeWithDiscord(program.folder);
  if (typeof home === 'string') return { skip: `SKIPPED, nobody spoke: ${home}` };
  return { modules: dirname(program.folder), ...home };
}
