import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Connection, HostSnapshot, RequestKind } from '../../src/enforcer/index.ts';
import { findProgram } from '../../src/host/index.ts';
import { isolationOrReason } from '../lab/support.ts';
import { type Asked, type AskOptions, Place } from './place.ts';
import { now, Probe } from './probe.ts';
import { ENFORCER } from './program.ts';
import { atOnceTexts, OLD_PORT, persisted } from './texts.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const ALICE = { name: 'alice' };

async function open(): Promise<Place> {
  assert.ok('isolation' in found);
  const place = await Place.open(found.isolation);
  await place.checked('mkdir', ['-p', '/run/systemd/system']);
  return place;
}

function okay<K extends RequestKind>({ reply, stderr }: Asked<K>) {
  assert.ok(reply?.ok, `${JSON.stringify(reply)} ${stderr}`);
  return reply.answer;
}

async function snapshotOf(place: Place): Promise<HostSnapshot> {
  return okay(await place.ask('snapshot', { callerPid: 1, connections: true }));
}

/** Holds a TCP connection of the machine with itself open, by an address that is not a loopback one; says `cut` when it ends. */
const HOLDER = `
const net = require('node:net');
const server = net.createServer((socket) => socket.on('error', () => undefined)).listen(OLDPORT, '192.0.2.1', () => {
  const socket = net.connect({ host: '192.0.2.1', port: OLDPORT, localPort: 40123 }, () => console.log('open'));
  socket.on('error', () => undefined);
  socket.on('close', () => { console.log('cut'); process.exit(); });
});`;

describe('connections', { skip }, () => {
  test('are told with who holds them, and ended when that is asked for', async (t) => {
    if (findProgram('conntrack') === undefined || findProgram('ss') === undefined) {
      return t.skip('SKIPPED, nothing was cut: `conntrack` (package conntrack) or `ss` (iproute2) is not installed');
    }
    await using place = await open();
    await place.checked('ip', ['address', 'add', '192.0.2.1/32', 'dev', 'lo']);
    okay(await place.begin({ texts: atOnceTexts(OLD_PORT), persist: persisted(OLD_PORT) }));
    const held = place.run(process.execPath, ['-e', HOLDER.replaceAll('OLDPORT', String(OLD_PORT))]);
    const isHeld = ({ sport }: { readonly sport?: number }): boolean => sport === 40123;
    // It is tracked from its first packet on, and somebody's a moment later.
    const isWhole = (each: Connection): boolean => isHeld(each) && each.uid !== undefined;
    let snapshot = await snapshotOf(place);
    for (let tries = 0; !snapshot.connections.some(isWhole) && tries < 50; tries++) snapshot = await snapshotOf(place);
    const connection = snapshot.connections.find(isHeld);
    assert.ok(connection !== undefined, JSON.stringify(snapshot.connections));
    assert.deepEqual(
      [connection.hook, connection.tracked, connection.dst, connection.dport, connection.uid, typeof connection.pid],
      ['loopback', true, '192.0.2.1', OLD_PORT, 0, 'number'],
    );
    assert.ok(snapshot.listeners.some(({ port, address }) => port === OLD_PORT && address === '192.0.2.1'));
    assert.ok(snapshot.addresses.includes('192.0.2.1/32 lo'));
    const absent = { ...connection, sport: 1, tracked: false };
    const { cut, failed } = okay(await place.ask('cut', { by: ALICE, connections: [connection, absent] }));
    assert.deepEqual([cut, failed.length], [1, 1]);
    assert.match((await held).stdout, /^open\ncut\n$/);
    assert.ok(!(await snapshotOf(place)).connections.some(isHeld));
    return undefined;
  });
});

test('what `nft` lists as one range, though it is two comparisons, is told', { skip }, async (t) => {
  await using place = await open();
  const add = (rule: string) => place.checked('nft', [`add rule inet other c ${rule}`]);
  await place.checked('nft', ['add table inet other; add chain inet other c']);
  await add('tcp dport 1024-2000 tcp sport >= 5 drop');
  assert.deepEqual(aboutNft(await snapshotOf(place)), []);
  await add('tcp sport >= 1024 tcp dport <= 2000 drop');
  if (!(await place.checked('nft', ['list', 'chain', 'inet', 'other', 'c'])).includes('\ttcp dport 1024-2000 drop'))
    return t.skip('SKIPPED: this nft lists two comparisons as two, there is nothing to tell');
  const [limit] = aboutNft(await snapshotOf(place));
  assert.match(limit ?? '', /^`nft` lists two comparisons as one range, .*: `inet other c`, handle 3$/);
  return undefined;
});

test('what `nft` lists without a part of it is told', { skip }, async (t) => {
  await using place = await open();
  assert.deepEqual(aboutNft(await snapshotOf(place)), []);
  await place.checked('nft', [
    'add table inet other; add chain inet other c; add rule inet other c ip ttl >> 4 3 drop',
  ]);
  if (!(await place.run('nft', ['list', 'ruleset'])).stderr.includes('Error'))
    return t.skip('SKIPPED: this nft lists a shifted value, no rule is known that it does not list whole');
  const [limit] = aboutNft(await snapshotOf(place));
  assert.match(limit ?? '', /^`nft` could not list every rule whole, .* netlink: Error: /);
  return undefined;
});

test('what `nft` lists without a condition that it has is told', { skip }, async (t) => {
  await using place = await open();
  const add = (rule: string) => place.checked('nft', [`add rule inet other c ${rule} comment "ours"`]);
  await place.checked('nft', ['add table inet other; add chain inet other c']);
  await add('tcp dport 22 reject with tcp reset');
  await add('ip saddr 192.0.2.1 tcp dport 22 reject with tcp reset');
  assert.deepEqual(aboutNft(await snapshotOf(place)), []);
  await add('meta nfproto ipv4 tcp dport 22 reject with tcp reset');
  if ((await place.checked('nft', ['list', 'chain', 'inet', 'other', 'c'])).includes('nfproto'))
    return t.skip('SKIPPED: this nft lists the family, there is nothing to tell');
  const [limit] = aboutNft(await snapshotOf(place));
  assert.match(limit ?? '', /^`nft` lists rules without a condition on the family .*: `inet other c`, handle 4$/);
  return undefined;
});

function aboutNft({ limits }: HostSnapshot): readonly string[] {
  return limits.filter((limit) => limit.includes('`nft`'));
}

describe('clocks', { skip }, () => {
  const DAY_MS = 24 * 60 * 60_000;
  const shifted = (ms: number): AskOptions => ({
    nodeArguments: [
      '--import',
      `data:text/javascript,const D=Date;globalThis.Date=class extends D{constructor(...a){a.length?super(...a):super(D.now()+(${ms}))}static now(){return D.now()+(${ms})}}`,
    ],
  });
  const ways: readonly (readonly [what: string, options: AskOptions])[] = [
    ['set ten years back', shifted(-3_650 * DAY_MS)],
    ['set ten years forward', shifted(3_650 * DAY_MS)],
    ['the time since boot jumped by a year', { prefix: ['unshare', '--time', '--boottime', '31536000', '--fork'] }],
  ];
  for (const [what, options] of ways) {
    test(`${what}: the trial ends in its time, and another one is confirmed`, async (t) => {
      await using place = await open();
      if (options.prefix !== undefined && (await place.run('unshare', ['--time', 'true'])).exitCode !== 0) {
        return t.skip('SKIPPED: this kernel or account makes no time namespaces');
      }
      okay(await place.begin({ texts: atOnceTexts(OLD_PORT), persist: persisted(OLD_PORT) }));
      using probe = new Probe(place);
      await probe.until('old', 20_000);
      const terse = await place.terse();
      const from = now();
      okay(await place.begin({ trialSeconds: 2, terse }, options));
      await probe.until(['old', 'new'], 20_000);
      const began = probe.since(from).find(({ seen }) => seen[0] === 'new')?.at ?? Number.NaN;
      const { at } = await probe.until('old', 20_000);
      const last = probe.sights.findLast(({ seen }) => seen[0] === 'new')?.at ?? Number.NaN;
      t.diagnostic(`in force for ${(last - began).toFixed(0)} ms of 2000`);
      assert.ok(Math.abs(last - began - 2_000) < 1_000 && at > last, `${last - began} ms`);
      okay(await place.ask('revert', { by: ALICE }));
      okay(await place.begin({ trialSeconds: 600, terse }));
      assert.equal(okay(await place.ask('confirm', { by: ALICE, sameSession: true }, options)).outcome, 'permanent');
      await probe.until('new', 20_000);
      return undefined;
    });
  }
});

describe('whoever asked is gone', { skip }, () => {
  test('before the answer: what was asked is done', async () => {
    await using place = await open();
    okay(await place.begin({ texts: atOnceTexts(OLD_PORT), persist: persisted(OLD_PORT) })); // notes begin with the first change
    const ask = JSON.stringify({ kind: 'note', event: 'drill', by: ALICE, outcome: 'unheard' });
    await place.run('sh', ['-c', '"$@" | true', 'sh', process.execPath, ENFORCER], ask);
    const until = performance.now() + 20_000;
    const read = () => place.run('grep', ['-c', 'unheard', '/var/lib/portcullis/ledger.jsonl']);
    while ((await read()).stdout.trim() !== '1' && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await read()).stdout.trim(), '1');
  });
});

/** A real sshd on an unusual port, a key, and a session in which the snapshot is taken. */
const SSH = `set -e
mkdir -p /run/sshd /run/place/ssh
cd /run/place/ssh
ssh-keygen -q -t ed25519 -N '' -f host
ssh-keygen -q -t ed25519 -N '' -f key
cp key.pub authorized
printf 'UsePAM no\\nStrictModes no\\nPermitRootLogin yes\\nPidFile none\\nHostKey %s\\nAuthorizedKeysFile %s\\n' "$PWD/host" "$PWD/authorized" > config
"$(command -v sshd)" -f config -o ListenAddress=127.0.0.1:2022
`;
const IN_SESSION =
  'exec ssh -q -p 2022 -i /run/place/ssh/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@127.0.0.1 "$1"';

describe('sessions', { skip }, () => {
  test('are found by the ports of a real sshd, the own one by its ancestors', async (t) => {
    const missing = ['sshd', 'ssh', 'ssh-keygen'].find((program) => findProgram(program) === undefined);
    if (missing !== undefined) return t.skip(`SKIPPED, no session was opened: \`${missing}\` is not installed`);
    if (process.getuid?.() !== 0) return t.skip('SKIPPED: sshd changes accounts, which takes root');
    await using place = await open();
    await place.checked('sh', ['-c', SSH]);
    const other = place.run('sh', ['-c', IN_SESSION, 'sh', 'echo other; sleep 3']);
    const ask = `echo '{"kind":"snapshot","connections":true,"callerPid":'$$'}' | ${process.execPath} ${ENFORCER}`;
    const who = `${process.execPath} -e 'import(process.argv[1]).then((m) => console.log(JSON.stringify(m.whoAsks())))' ${ENFORCER.replace(/main(?=\.[jt]s$)/, 'index')}`;
    const done = await place.run('sh', ['-c', IN_SESSION, 'sh', `${ask}; ${who}`]);
    const [reply = '', person = ''] = done.stdout.trim().split('\n');
    assert.ok(reply.startsWith('{'), `${done.stdout} ${done.stderr}`);
    const { sessions, limits }: HostSnapshot = JSON.parse(reply).answer;
    const own = sessions.filter((session) => session.own);
    assert.equal(own.length, 1, JSON.stringify(sessions));
    assert.deepEqual([own[0]?.via.startsWith('sshd'), own[0]?.connection.dport], [true, 2022]);
    assert.ok(sessions.length >= 1 && sessions.every(({ connection }) => connection.dport === 2022));
    assert.deepEqual(
      limits.filter((limit) => limit.includes('SSH')),
      [],
    );
    const { name, session, startedAt } = JSON.parse(person);
    assert.equal(name, 'root');
    assert.match(session, /^127\.0\.0\.1 \d+ 127\.0\.0\.1 2022$/);
    assert.ok(startedAt > 0);
    await other;
    return undefined;
  });
});
