import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Drift, drift, HostListing, plan, status } from '../../src/apply/index.ts';
import { findProgram, type Isolation, isolationArguments, run } from '../../src/host/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { stageChange } from '../../src/target/index.ts';
import { TARGETS } from '../../src/target/registry.ts';
import { flight, rules, session } from '../apply/support.ts';
import { intentOf } from './policies.ts';
import { isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const isolation = 'skip' in found ? undefined : found.isolation;

function skipWithout(...programs: readonly string[]): string | false {
  if ('skip' in found) return found.skip;
  const missing = programs.find((each) => findProgram(each) === undefined);
  return missing === undefined
    ? false
    : `SKIPPED, nothing was loaded: \`${missing}\` is not installed; install its package`;
}

const intent = intentOf(`portcullis: 1
zones:
  bastion: { addresses: [10.0.5.10] }
  backend: { domains: [backend.example.com] }
flows:
  - { name: ssh, from: bastion, to: host, service: ssh, rate: 6/minute per source }
  - { name: report, from: host, to: backend, service: https }
`);
const plain = rules(intent);
const SESSION = session('10.0.5.10:51234 -> 10.0.0.5:22', { own: true });

/** Runs a fixed script in namespaces of its own, in a folder with these files, and gives the files that it left there. */
async function inNamespace(
  script: string,
  files: Readonly<Record<string, string>>,
  wanted: readonly string[],
): Promise<(name: string) => string> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-apply-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const way: Isolation = isolation ?? 'root';
    const args = [...isolationArguments(way, 0), 'bash', '-euc', PRELUDE + script, 'apply', folder];
    const done = await run('unshare', args, { timeoutMs: 120_000 });
    assert.equal(done.exitCode, 0, done.stdout + done.stderr);
    const left = new Map(wanted.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
    return (name) => left.get(name) ?? assert.fail(name);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `list NAME` keeps both listings of what is loaded. */
const PRELUDE = `
mount -t tmpfs tmpfs /run
cd "$1"
ip link set lo up
list() { nft -a list ruleset > "$1.nft" 2> /dev/null; nft -j list ruleset > "$1.json"; }
`;

/** Rules of UFW for real, its files in a layer that goes away; and Docker's chains, as its daemon writes them. */
const UFW = `
mkdir layer && mount -t tmpfs tmpfs layer && mkdir layer/{etc,etc-work,lib,lib-work}
mount -t overlay overlay -o lowerdir=/etc,upperdir=layer/etc,workdir=layer/etc-work /etc
mount -t overlay overlay -o lowerdir=/var/lib,upperdir=layer/lib,workdir=layer/lib-work /var/lib
{ ufw allow 22/tcp; ufw allow from 10.20.0.0/16 to any port 9090 proto tcp; ufw --force enable; } > /dev/null 2>&1
`;
const DOCKER = `
iptables -N DOCKER; iptables -N DOCKER-USER; iptables -t nat -N DOCKER
iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
iptables -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
iptables -I FORWARD -j DOCKER-USER
iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
iptables -A FORWARD -o docker0 -j DOCKER
iptables -A DOCKER-USER -j RETURN
`;

function read(name: string, text: string): HostListing {
  const { listing, diagnostics } = HostListing.read([new SourceFile(name, text)]);
  assert.ok(listing, JSON.stringify(diagnostics.map(({ message }) => message)));
  return listing;
}

function ownRules(): HostListing {
  return read('ours', plain);
}

function driftOf(text: string, atConfirmation: string): Drift {
  return drift({
    actual: read('now', text),
    expected: ownRules(),
    atConfirmation: read('then', atConfirmation),
    side: 'standing',
    intent,
  });
}

describe('rules of iptables-nft, by the real iptables', { skip: skipWithout('iptables') }, () => {
  const RULES = `
iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A INPUT -i lo -j ACCEPT
iptables -A INPUT -p tcp --dport 22 -m comment --comment "remote work" -j ACCEPT
iptables -P INPUT DROP
list all
`;

  test('the way in is proven from nft’s text, and from its JSON, which hides them, it is not', async () => {
    const left = await inNamespace(RULES, {}, ['all.nft', 'all.json']);
    const fromText = flight(read('text', left('all.nft')), intent, [SESSION]);
    assert.deepEqual(fromText.refused, []);
    const fromJson = flight(read('json', left('all.json')), intent, [SESSION]);
    assert.equal(fromJson.ok, false);
    assert.match(fromJson.refused[0]?.because.join() ?? '', /xt match "conntrack"/);
    assert.equal(fromJson.refused[0]?.verdict, 'unknown');
  });
});

const ufwSkip =
  isolation === 'root' || isolation === undefined
    ? skipWithout('iptables', 'ufw')
    : 'SKIPPED, nothing was loaded: ufw works for root only';

describe('UFW and Docker’s chains', { skip: ufwSkip }, () => {
  test('plan, drift and status beside the real rules, as they come and go', async () => {
    const script = `${UFW}${DOCKER}
list before
nft -f plain.nft
list loaded
nft add element inet portcullis names4-backend '{ 198.51.100.7 timeout 1h }'
ping -c 1 -W 1 127.0.0.1 > /dev/null
list learnt
iptables -I INPUT -p tcp --dport 22 -j DROP
list blocked
iptables -D INPUT 1
nft insert rule inet portcullis input tcp dport 3306 accept
list opened
nft delete table inet portcullis
list gone
`;
    const names = ['before', 'loaded', 'learnt', 'blocked', 'opened', 'gone'];
    const left = await inNamespace(
      script,
      { 'plain.nft': plain },
      names.flatMap((each) => [`${each}.nft`, `${each}.json`]),
    );
    const before = read('before', left('before.nft'));

    const { opened, closed, neighbours } = plan({
      before: before.rules('standing'),
      after: before.withOurs(ownRules()),
      intent,
      around: { listing: before, addresses: [] },
      connections: [],
    });
    assert.deepEqual(opened, []);
    const sentences = closed.map(({ sentence }) => sentence).join('\n');
    assert.match(sentences, /TCP 22.* from the internet/);
    assert.match(sentences, /TCP 9090.* from private networks to this machine: only 10\.20\.0\.0\/16/);
    assert.match(sentences, /through this machine/);
    const ipFilter = neighbours.find(({ table }) => table === 'ip filter');
    assert.deepEqual(ipFilter?.software, ['Docker', 'UFW']);
    assert.deepEqual(flight(before, intent, [SESSION]).refused, []);

    for (const same of ['loaded', 'learnt']) {
      const same_ = driftOf(left(`${same}.nft`), left('before.nft'));
      assert.deepEqual(
        [same, same_.none, same_.wider, same_.narrower, same_.foreign.stopped],
        [same, true, [], [], []],
      );
    }
    const learnt = status({ listing: read('learnt', left('learnt.nft')), listed: left('learnt.json'), intent });
    assert.deepEqual(learnt.enforced, { kind: 'plain' });
    assert.ok(learnt.flows.some(({ flow, packets }) => flow === 'baseline:loopback' && packets >= 2));

    const blocked = driftOf(left('blocked.nft'), left('before.nft'));
    assert.deepEqual([blocked.none, blocked.wider, blocked.narrower], [false, [], []]);
    assert.match(blocked.foreign.stopped[0]?.sentence ?? '', /TCP 22/);
    assert.equal(blocked.foreign.stopped[0]?.after.at(-1)?.table, 'ip filter');

    const wide = driftOf(left('opened.nft'), left('before.nft'));
    assert.ok(
      wide.wider.some(({ witness, actual }) => witness.dport === 3306 && actual.at(-1)?.origin?.handle !== undefined),
    );
    assert.deepEqual([wide.none, wide.narrower, wide.foreign.stopped], [false, [], []]);

    const gone = driftOf(left('gone.nft'), left('before.nft'));
    assert.deepEqual([gone.none, gone.missing], [false, true]);
  });
});

describe('changes as the kernel lists them', { skip: skipWithout() }, () => {
  const lowered = TARGETS.nftables.lower(intent).ast;
  const who = { alive: [], by: 'alice', at: '2026-11-25T20:00:00Z', policyHash: 'ab12' };

  test('on trial, confirmed, expired: told from the listing alone, without drift', async () => {
    const texts = stageChange({ kind: 'absent' }, { ...who, policy: lowered, trialSeconds: 60 });
    const short = stageChange({ kind: 'absent' }, { ...who, policy: lowered, trialSeconds: 1 });
    const script = `
nft -f begin.nft; list trial
nft -f confirm.nft; list confirmed
nft delete table inet portcullis
nft -f short.nft; sleep 2.5; list expired
`;
    const names = ['trial', 'confirmed', 'expired'];
    const left = await inNamespace(
      script,
      { 'begin.nft': texts.begin, 'confirm.nft': texts.confirm, 'short.nft': short.begin },
      names.flatMap((each) => [`${each}.nft`, `${each}.json`]),
    );
    for (const form of ['nft', 'json']) {
      const told = (name: string) =>
        status({ listing: read(name, left(`${name}.${form}`)), listed: left(`${name}.json`), intent }).enforced;
      const trial = told('trial');
      assert.ok(trial.kind === 'trial' && trial.secondsLeft !== undefined, JSON.stringify(trial));
      assert.ok(trial.secondsLeft > 50 && trial.secondsLeft <= 60);
      assert.deepEqual(trial.goesBackTo, { kind: 'nothing' });
      assert.equal(told('confirmed').kind, 'confirmed');
      assert.equal(told('expired').kind, 'expired');
      const onTrial = drift({
        actual: read('trial', left(`trial.${form}`)),
        expected: ownRules(),
        side: 'on-trial',
        intent,
      });
      assert.deepEqual([form, onTrial.none, onTrial.wider, onTrial.narrower], [form, true, [], []]);
      const confirmed = drift({
        actual: read('confirmed', left(`confirmed.${form}`)),
        expected: ownRules(),
        side: 'standing',
        intent,
      });
      assert.deepEqual([form, confirmed.none, confirmed.wider, confirmed.narrower], [form, true, [], []]);
      const expired = drift({
        actual: read('expired', left(`expired.${form}`)),
        expected: ownRules(),
        side: 'standing',
        intent,
      });
      assert.ok(!expired.none && expired.wider.length > 0, 'the kernel has gone back to no rules');
    }
  });
});
