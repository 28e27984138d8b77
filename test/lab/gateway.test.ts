import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gatewayFooting, HostListing, proveChange } from '../../src/apply/index.ts';
import { provenRules } from '../../src/cli/lab/policy-in-nft.ts';
import { Lab, type Outcome, type Shot } from '../../src/host/index.ts';
import type { Intent } from '../../src/ir/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { type StagedTexts, stageChange, standing, TARGETS } from '../../src/target/index.ts';
import { read, sleep } from './changes.ts';
import { AGENT, GATEWAY, gatewayPolicy, STRANGER } from './gateway-policy.ts';
import { LINKS } from './links.ts';
import { isolationOrReason } from './support.ts';

/**
 * Rows of the attack matrix that the kernel decides alone: the gateway is played by whoever listens in its place. The outer world
 * answers on every address, so that what is refused here is refused by the rules.
 */
const found = await isolationOrReason();
const skip =
  'skip' in found
    ? found.skip
    : found.isolation === 'root'
      ? false
      : 'SKIPPED, nothing was sent: as an ordinary user the lab has one account, and this is about three; run it as root';

const PUBLIC = ['93.184.216.34', '2606:2800:220:1::1'] as const;
const LISTENERS = ['127.0.0.1', '::1'] as const;
const DNS = LISTENERS.map((address) => ({ address, port: 5300 }));

const LOOPBACK_CLOSED = ['baseline: { loopback: false }'];

async function openLab(intent: Intent): Promise<Lab> {
  const lab = await Lab.open({ links: LINKS, accounts: [AGENT, GATEWAY, STRANGER] });
  await lab.load(provenRules(intent).text);
  return lab;
}

type Packet = Pick<Shot, 'transport' | 'dst' | 'dport'>;

function tcp(dst: string, dport: number): Packet {
  return { transport: 'tcp', dst, dport };
}

function udp(dst: string, dport: number): Packet {
  return { transport: 'udp', dst, dport };
}

/** What became of packets that an account sends. */
async function send(lab: Lab, account: number, packets: readonly Packet[]): Promise<readonly Outcome[]> {
  const shots = packets.map((packet) => ({ ...packet, timeoutMs: 1_500, attempts: 2 }));
  return lab.send({ at: 'host', account }, 'eth0', shots);
}

async function expectAll(
  lab: Lab,
  account: number,
  result: Outcome['result'],
  packets: readonly Packet[],
): Promise<void> {
  const outcomes = await send(lab, account, packets);
  const others = packets.flatMap(({ transport, dst, dport = '' }, index) =>
    outcomes[index]?.result === result ? [] : [`${transport} ${dst} ${dport}: ${outcomes[index]?.result}`],
  );
  assert.deepEqual(others, [], `all of these were to be ${result}`);
}

function withoutGateway(): Intent {
  const { gateway: _, redirects: _none, ...plain } = gatewayPolicy();
  return { ...plain, grants: plain.grants.filter(({ name }) => name === 'database') };
}

async function listed(lab: Lab): Promise<HostListing> {
  const text = await lab.onHost('nft', ['-j', 'list', 'ruleset']);
  const { listing } = HostListing.read([new SourceFile('listing.json', text)]);
  assert.ok(listing);
  return listing;
}

/** The texts of a change from what the kernel lists now, proven. */
async function staged(lab: Lab, policy: Intent, trialSeconds: number | undefined): Promise<StagedTexts> {
  const program = TARGETS.nftables.lower(policy).ast;
  const before = await read(lab);
  const from = standing(before);
  assert.ok(from.kind === 'settled' || from.kind === 'expired', from.kind);
  const onTrial = trialSeconds === undefined ? {} : { trialSeconds };
  const texts = stageChange(from, {
    ...onTrial,
    policy: program,
    alive: [],
    by: 'alice',
    at: '2026-11-26T03:00:00Z',
    policyHash: 'f'.repeat(64),
  });
  const change = { before, policy: program, alive: [], onTrial: trialSeconds !== undefined, texts };
  assert.deepEqual(proveChange(change), []);
  return texts;
}

const DATABASE = ['10.0.7.3', 'fd00:7::3'];

describe('with a gateway in the policy, on the real kernel', { skip, concurrency: 3 }, () => {
  test('K1, K2, D5, T11: the agent goes nowhere by itself, and is told at once', async () => {
    await using lab = await openLab(gatewayPolicy());
    const denied = PUBLIC.flatMap((address) => [
      tcp(address, 22),
      tcp(address, 8443),
      tcp(address, 853), // DNS over TLS
      udp(address, 853), // DNS over QUIC
      udp(address, 443), // HTTP/3
      udp(address, 5353),
      udp(address, 5355),
      udp(address, 137),
      { transport: 'icmp', dst: address } as const,
    ]);
    const outcomes = await send(lab, AGENT, denied);
    for (const [index, { result, afterMs }] of outcomes.entries()) {
      const { transport, dst, dport } = denied[index]!;
      assert.equal(result, 'refused', `${transport} ${dst} ${dport}`);
      if (transport !== 'icmp') assert.ok(afterMs < 800, `${transport} ${dst} ${dport} was told after ${afterMs} ms`);
    }
    // Flows to addresses stay what they are, on the web's ports too.
    await expectAll(
      lab,
      AGENT,
      'passed',
      DATABASE.flatMap((address) => [tcp(address, 5432), tcp(address, 443)]),
    );
    await expectAll(
      lab,
      STRANGER,
      'refused',
      PUBLIC.flatMap((address) => [tcp(address, 443), udp(address, 53)]),
    );
  });

  test('K3, D4, K4: what does not know of the gateway comes to it, and where it is not there, to nobody', async () => {
    await using lab = await openLab(gatewayPolicy());
    const sent = [
      ...PUBLIC.flatMap((address) => [tcp(address, 80), tcp(address, 443), tcp(address, 53)]),
      tcp('169.254.169.254', 80),
      tcp('fd00:ec2::254', 80),
      tcp('127.0.0.53', 53),
    ];
    const asked = [...PUBLIC.map((address) => udp(address, 53)), udp('127.0.0.53', 53)];
    await expectAll(lab, AGENT, 'refused', [...sent, ...asked]);
    await lab.listen([3128, 1080, 3129, 5300], [], DNS);
    await expectAll(lab, AGENT, 'passed', [...sent, ...asked]);
    await expectAll(
      lab,
      AGENT,
      'passed',
      LISTENERS.flatMap((address) => [tcp(address, 3128), tcp(address, 1080)]),
    );
    await expectAll(lab, STRANGER, 'refused', [...PUBLIC.map((address) => tcp(address, 443)), udp(PUBLIC[0], 53)]);
  });

  test('the stand-in hears what each connection was meant for', async () => {
    await using lab = await openLab(gatewayPolicy());
    const places = PUBLIC.flatMap((host) => [80, 443].map((port) => ({ host, port })));
    const script = fileURLToPath(new URL('gateway-stand-in.ts', import.meta.url));
    const output = await lab.onHost(process.execPath, [
      script,
      '3129',
      String(GATEWAY),
      String(AGENT),
      JSON.stringify(places),
    ]);
    const { heard, said, uid } = JSON.parse(output);
    assert.equal(uid, GATEWAY);
    assert.deepEqual(
      JSON.parse(said),
      places.map(() => 'from the gateway'),
    );
    const lines = heard.map(({ at, from, original }: Record<string, string>) => `${from} at ${at}: ${original}`);
    assert.deepEqual(lines.toSorted(), [
      '198.18.0.1 at 127.0.0.1: 93.184.216.34 443',
      '198.18.0.1 at 127.0.0.1: 93.184.216.34 80',
      '2001:2::1 at ::1: 2606:2800:220:1:0:0:0:1 443',
      '2001:2::1 at ::1: 2606:2800:220:1:0:0:0:1 80',
    ]);
  });

  test('K5: the gateway gets out on its services and to its resolvers; a mark helps nobody', async () => {
    await using lab = await openLab(gatewayPolicy());
    const out = PUBLIC.flatMap((address) => [tcp(address, 80), tcp(address, 443)]);
    await expectAll(lab, GATEWAY, 'passed', [...out, udp('9.9.9.9', 53), tcp('2620:fe::fe', 53)]);
    await expectAll(lab, GATEWAY, 'refused', [
      ...PUBLIC.flatMap((address) => [tcp(address, 22), udp(address, 443), udp(address, 53)]),
      ...['10.0.7.4', 'fd00:7::4', '169.254.169.254'].map((address) => tcp(address, 443)),
      ...DATABASE.map((address) => tcp(address, 22)),
    ]);
    // On behalf of the agent, which may go there itself: programs that know a proxy ask it for everything.
    await expectAll(
      lab,
      GATEWAY,
      'passed',
      DATABASE.flatMap((address) => [tcp(address, 5432), tcp(address, 443)]),
    );
    await lab.load(
      `table inet others {\nchain marks {\ntype route hook output priority mangle\nmeta skuid ${AGENT} meta mark set 1\n}\n}\n`,
    );
    await expectAll(lab, AGENT, 'refused', [...out, ...PUBLIC.map((address) => tcp(address, 22))]); // nobody plays the gateway
  });

  test('a change to redirects and back: on trial, expired, confirmed; what the kernel lists is what the gateway relies on', async () => {
    await using lab = await Lab.open({ links: LINKS, accounts: [AGENT, GATEWAY, STRANGER] });
    const [names, none] = [gatewayPolicy(), withoutGateway()];
    const web = PUBLIC.map((address) => tcp(address, 443));
    const isFooted = async (host: Intent): Promise<boolean> =>
      gatewayFooting(await listed(lab), host).faults.length === 0;
    await lab.load(provenRules(none).text);
    await lab.listen([3129], []);
    await expectAll(lab, AGENT, 'refused', web);
    assert.ok(!(await isFooted(names)));

    await lab.load((await staged(lab, names, 4)).begin);
    await expectAll(lab, AGENT, 'passed', web);
    assert.ok(await isFooted(names), 'on trial');
    await sleep(4_200);
    await expectAll(lab, AGENT, 'refused', web);
    assert.ok(!(await isFooted(names)), 'expired');

    const again = await staged(lab, names, 60);
    await lab.load(again.begin);
    await lab.load(again.confirm);
    await expectAll(lab, AGENT, 'passed', web);
    assert.ok(await isFooted(names), 'confirmed');

    const back = await staged(lab, none, 60);
    await lab.load(back.begin);
    await expectAll(lab, AGENT, 'refused', web);
    await lab.load(back.revert);
    await expectAll(lab, AGENT, 'passed', web);
    await lab.load((await staged(lab, none, undefined)).begin);
    await expectAll(lab, AGENT, 'refused', web);
    assert.doesNotMatch(await lab.onHost('nft', ['list', 'ruleset']), /redirects|dnat/);
  });

  test('K4: with the loopback closed the agent reaches the listeners and nothing else of this machine', async () => {
    await using lab = await openLab(gatewayPolicy(...LOOPBACK_CLOSED));
    await lab.listen([3128, 3129, 5300, 2375, 9464], [], DNS);
    await expectAll(lab, AGENT, 'passed', [
      ...LISTENERS.map((address) => tcp(address, 3128)),
      ...PUBLIC.flatMap((address) => [tcp(address, 443), udp(address, 53)]),
    ]);
    await expectAll(lab, AGENT, 'refused', [
      ...LISTENERS.flatMap((address) => [tcp(address, 2375), tcp(address, 9464)]),
      tcp('198.18.0.1', 2375),
    ]);
    await expectAll(
      lab,
      STRANGER,
      'refused',
      LISTENERS.map((address) => tcp(address, 3128)),
    );
  });
});
