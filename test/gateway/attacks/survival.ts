import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runAs } from '../agent.ts';
import type { LoadAnswer } from '../agent-tasks.ts';
import { type Attempt, allowed, denied } from '../attempt.ts';
import { must } from '../commands.ts';
import { AGENT, FLOWS, GATEWAY, outcome, PROXY, PROXY_AT, policyText, type World } from '../world.ts';

const RIGHT = /^https allowed\.example allowed\.example \/$/;
const DIRECT = ['--resolve', 'allowed.example:443:93.184.216.34', 'https://allowed.example/'];
const RELOADS = 20;
const RELOAD_EVERY_MS = 190;
const REQUESTS = 800;

/** What the gateway and the kernel may run out of, and its end. One after the other: each finds the machine as the one before has left it. */
export const SURVIVAL: readonly Attempt[] = [
  denied(
    'K6',
    `the policy is read again ${RELOADS} times under 200 requests a second`,
    /^720 allowed, 0 of them failed; 80 denied, 0 of them passed; 20 reloads and more$/,
    reloadedUnderLoad,
  ),
  denied(
    'K9',
    'descriptors run out: what comes is refused, and told',
    /^held back; .*(?:could not be accepted|too many|EMFILE)/,
    async (world) => {
      await limit(world, '--nofile=48:');
      await world.as(AGENT).does({ do: 'many', ...PROXY_AT, count: 60, first: 'GET', waitMs: 500, closed: 60 });
      await world.eventually(
        () => readdirSync(`/proc/${world.gateway.child.pid}/fd`).length,
        (descriptors) => descriptors >= 47,
      );
      const during = await world.curl('-m', '2', 'https://allowed.example/');
      const { troubles }: { readonly troubles: readonly string[] } = JSON.parse(await healthAfter(world));
      return `${/^https/.test(during) ? 'it passed' : 'held back'}; ${troubles.at(-1) ?? 'no trouble'}`;
    },
  ),
  allowed('K9', 'and when there are some again', RIGHT, async (world) => {
    await world.as(AGENT).does({ do: 'let-go' });
    await sleep(200);
    return world.curl('https://allowed.example/');
  }),
  denied(
    'K9',
    'the set of the kernel is full: the name is not told',
    /^SERVFAIL not-opened; in the log: not-opened$/,
    async (world) => {
      await world.enforce((rules) => rules.replace(/(set names4-git \{\s+type ipv4_addr\n)/, '$1\t\tsize 4\n'));
      const others = [1, 2, 3, 4].map((at) => `198.51.100.${at} timeout 1m`).join(', ');
      await must('nft', ['add', 'element', 'inet', 'portcullis', 'names4-git', `{ ${others} }`]);
      await world.operator('POST', '/reload'); // it relies on nothing that it has written into the sets before
      const came = await world.dig('@8.8.8.8', 'git.example', 'A');
      const reasons = await world.eventually(
        () =>
          world
            .records()
            .filter(({ host }) => host === 'git.example')
            .map(({ reason }) => reason),
        (all) => all.includes('not-opened'),
      );
      return `${came}; in the log: ${reasons.at(-1)}`;
    },
  ),
  allowed('K9', 'and when there is room again', /^NOERROR A 93\.184\.216\.40$/, async (world) => {
    await must('nft', ['delete', 'element', 'inet', 'portcullis', 'names4-git', '{ 198.51.100.1, 198.51.100.2 }']);
    return world.dig('@8.8.8.8', 'git.example', 'A');
  }),
  denied(
    'K9',
    'the kernel’s table of connections is flooded over the loopback: what is denied stays so',
    /^sent; curl 7, 403 unlisted-name$/,
    async (world) => {
      const { end } = await world.as(AGENT).does({ do: 'flood', datagrams: 280_000 });
      const straight = await world.curl('-m', '3', 'http://8.8.8.8:8443/');
      const asked = await world.proxy(
        'CONNECT nine.unlisted.example:443 HTTP/1.1\r\nHost: nine.unlisted.example:443\r\n\r\n',
      );
      return `${end}; ${straight}, ${outcome(asked)}`;
    },
  ),
  allowed('K9', 'and an allowed name, when the table has room again', RIGHT, async (world) => {
    await must('conntrack', ['-F']); // as its own time-outs do within a minute
    return world.curl('https://allowed.example/');
  }),
  denied(
    'K9',
    'nobody answers at the resolver outside: the agent is told so',
    /^SERVFAIL no resolver answers; no-address$/,
    async (world) => {
      await silence(true);
      const [looked, asked] = await Promise.all([
        world.dig('@8.8.8.8', 'fresh.wild.example', 'A'),
        world.curl('-x', PROXY, 'http://new.wild.example/'),
      ]);
      return `${looked}; ${asked}`;
    },
  ),
  allowed('K9', 'and when it answers again', /^NOERROR A 93\.184\.216\.34$/, async (world) => {
    await silence(false);
    return world.dig('@8.8.8.8', 'again.wild.example', 'A');
  }),
  denied('K6', 'the gateway has no memory left', /^(?:it ended|it goes on); nothing passed$/, async (world) => {
    const { child } = world.gateway;
    await limit(world, '--data=1048576:');
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, at) =>
        world.curl('-m', '3', '-x', PROXY, `http://memory-${at}.unlisted.example/`),
      ),
    );
    const passed = [...answers, await world.curl('-m', '3', 'http://8.8.8.8:8443/')].filter((came) =>
      /^https? /.test(came),
    );
    const state = child.exitCode !== null || child.signalCode !== null ? 'it ended' : 'it goes on';
    return `${state}; ${passed.length === 0 ? 'nothing passed' : passed.join()}`;
  }),
  allowed('K6', 'and when it is started again', RIGHT, async (world) => {
    await world.gateway.end('SIGKILL');
    await world.start();
    return world.curl('https://allowed.example/');
  }),
  denied(
    'K6',
    'the gateway is killed while it carries something: that ends',
    /^curl \d+ within a second$/,
    async (world) => {
      const going = world.curl('-m', '10', '-p', '-x', PROXY, 'https://allowed.example/slow');
      await sleep(700);
      const began = performance.now();
      await world.gateway.end('SIGKILL');
      return `${await going}${performance.now() - began < 1_000 ? ' within a second' : ''}`;
    },
  ),
  denied('K6', 'it is dead: the proxy', /^curl 7$/, (world) => world.curl('-x', PROXY, 'http://allowed.example/')),
  denied('K6', 'it is dead: no proxy', /^curl 7$/, (world) => world.curl(...DIRECT)),
  denied('K6', 'it is dead: a lookup', /^no answer/, (world) =>
    world.dig('+time=1', '@8.8.8.8', 'allowed.example', 'A'),
  ),
  denied('K6', 'it is dead: straight to an address', /^curl 7$/, (world) => world.curl('http://8.8.8.8:8443/')),
  allowed('K6', 'and when it runs again', RIGHT, async (world) => {
    await world.start();
    return world.curl('https://allowed.example/');
  }),
];

/** Addresses that the gateway has dialled for a name in the whole run, whatever the agent chose. */
export const DIALLED: readonly Attempt[] = [
  denied(
    'T1',
    'addresses that were ever connected to for the allowed name',
    /^(?:2606:2800:220:1::1|93\.184\.216\.34)(?: 93\.184\.216\.34)?$/,
    (world) => {
      const own = world.records().filter(({ host, address }) => host === 'allowed.example' && address !== undefined);
      return [...new Set(own.map(({ address }) => address))].toSorted().join(' ');
    },
  ),
];

async function reloadedUnderLoad(world: World): Promise<string> {
  const began = performance.now();
  let isOver = false;
  const task = { do: 'load', perSecond: 200, count: REQUESTS, atOnce: 32, wrong: 'load.unlisted.example' } as const;
  const load = world
    .as(AGENT)
    .does(task)
    .finally(() => {
      isOver = true;
    });
  let reloads = 0;
  for (let at = 0; !isOver || at < RELOADS; at++) {
    const wider = '  - { name: more, from: agent, to: more.example, service: https }\n';
    world.writePolicy(policyText(at % 2 === 0 ? FLOWS + wider : FLOWS));
    const { ok }: { readonly ok: boolean } = JSON.parse(await world.operator('POST', '/reload'));
    if (ok) reloads++;
    await sleep(Math.max(0, began + (at + 1) * RELOAD_EVERY_MS - performance.now()));
  }
  const { said } = await load;
  const counts: LoadAnswer = JSON.parse(said);
  const problems = counts.problems.length === 0 ? '' : `: ${counts.problems.join(', ')}`;
  const enough = reloads >= RELOADS ? `${RELOADS} reloads and more` : `${reloads} reloads`;
  return `${counts.right} allowed, ${counts.rightFailed} of them failed${problems}; ${counts.wrongDenied} denied, ${counts.wrongPassed} of them passed; ${enough}`;
}

/** Lowers or raises a limit of the running gateway, as its own account may up to where it began (prlimit(1)). */
async function limit(world: World, option: string): Promise<void> {
  const { code, err } = await runAs(GATEWAY, 'prlimit', '--pid', String(world.gateway.child.pid), option);
  if (code !== 0) throw new Error(err);
}

/** What the gateway tells its operators, as soon as it has a descriptor for it. */
async function healthAfter(world: World): Promise<string> {
  await limit(world, '--nofile=1024:');
  return world.operator('GET', '/health');
}

/** Whether nobody answers at the resolver outside. */
async function silence(isOn: boolean): Promise<void> {
  const outside = ['netns', 'exec', 'outer', 'nft'];
  if (isOn) await must('ip', [...outside, 'add', 'rule', 'inet', 'seen', 'silenced', 'th', 'dport', '53', 'drop']);
  else await must('ip', [...outside, 'flush', 'chain', 'inet', 'seen', 'silenced']);
}
