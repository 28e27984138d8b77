import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { documentOf, portcullis } from './cli.ts';

const RULES = `table inet gate {
  set learned { type ipv4_addr; flags dynamic,timeout; timeout 1h; }
  chain input {
    type filter hook input priority 0; policy drop;
    ip saddr @learned drop
    tcp dport 80 limit rate 5/minute accept
    meta mark 7 accept
    tcp dport 22 jump admins
  }
  chain admins {
    ip saddr 10.0.0.0/8 accept
  }
}
`;
const files = { 'gate.nft': RULES };

async function why(...args: readonly string[]) {
  return documentOf(await portcullis(['why', '--in', 'gate.nft', '--json', ...args], { files }), 'why');
}

suite("other people's rulesets", () => {
  test('why names the rules by file, line and text, with the whole way', async () => {
    const ran = await portcullis(['why', '--in', 'gate.nft', 'tcp [2001:db8::1] -> host:22'], { files });
    assert.equal(ran.exitCode, 0);
    assert.match(ran.stdout, /nftables {2}inet gate input {2}tcp dport 22 jump admins {2}jump +gate\.nft:8\n/);
    assert.match(ran.stdout, /nftables {2}inet gate input {2}policy drop +drop\n/);
    const { verdict, path } = await why('tcp [2001:db8::1] -> host:22');
    assert.equal(verdict, 'drop');
    assert.deepEqual(Array.isArray(path) && path[0], {
      layer: 'nftables',
      table: 'inet gate',
      chain: 'input',
      rule: 'tcp dport 22 jump admins',
      origin: { file: 'gate.nft', line: 8 },
      verdict: 'jump',
    });
  });

  test('what nobody can know: both sides, and the condition with its place', async () => {
    const { verdict, cases, conditions, path } = await why('tcp [2001:db8::1] -> host:80');
    assert.deepEqual([verdict, path], ['depends', []]);
    assert.deepEqual(Array.isArray(cases) && cases.map((each) => each.verdict), ['accept', 'drop']);
    assert.ok(Array.isArray(conditions) && conditions.length === 1);
    assert.match(conditions[0], /^`limit rate over 5\/minute.*` at inet gate input/);
    const ran = await portcullis(['why', '--in', 'gate.nft', 'tcp 10.0.0.1 -> host:80'], { files });
    assert.match(
      ran.stdout,
      /\nit depends on what cannot be known from here:\n {2}`ip saddr @learned` at .*\n {2}`limit /,
    );
  });

  test('an answer that no unknown condition can change does not mention any', async () => {
    const { verdict, conditions } = await why('tcp [2001:db8::1] -> host:443');
    assert.deepEqual([verdict, conditions], ['drop', undefined]);
  });

  test('a mark is assumed to be none, where that matters, and can be asked for', async () => {
    assert.deepEqual((await why('tcp [2001:db8::1] -> host:443')).assumed, ['mark']);
    const marked = await why('tcp [2001:db8::1] -> host:443 mark 7');
    assert.deepEqual([marked.verdict, marked.assumed], ['accept', undefined]);
    const text = await portcullis(['why', '--in', 'gate.nft', 'tcp [2001:db8::1] -> host:443'], { files });
    assert.match(
      text.stdout,
      /assumed: the packet enters without a mark \(`mark 7` behind the flow asks for another\)/,
    );
  });

  test('a mark that a rule has set itself is no assumption', async () => {
    const marking =
      'table ip a { chain b { type filter hook input priority 0; policy drop; meta mark set 7; meta mark 7 accept; } }';
    const ran = await portcullis(['why', '--in', '-', '--json', 'tcp 10.0.0.1 -> host:1'], { stdin: marking });
    const { verdict, assumed } = documentOf(ran, 'why');
    assert.deepEqual([verdict, assumed], ['accept', undefined]);
  });

  test('a rule that has set a mark is on the way, also where its map leads nowhere', async () => {
    const text =
      'table ip a { chain b { type filter hook input priority 0; policy drop; meta mark set 7 tcp dport vmap { 80 : drop }; meta mark 7 accept; } }';
    const ran = await portcullis(['why', '--in', 'm.nft', 'tcp 10.0.0.1 -> host:22'], { files: { 'm.nft': text } });
    assert.match(
      ran.stdout,
      /meta mark set 7 tcp dport vmap \{ 80 : drop \} +continue .*\n.*meta mark 7 accept +accept/,
    );
  });

  test('a difference says what it depends on, and tells all marks together', async () => {
    const faster = { ...files, 'faster.nft': RULES.replace('5/minute', '9/minute') };
    const { wider } = documentOf(
      await portcullis(['diff', 'gate.nft', 'faster.nft', '--json'], { files: faster }),
      'diff',
    );
    assert.ok(Array.isArray(wider));
    assert.deepEqual(
      wider.map(({ conditions }) => conditions.length),
      [3, 2],
    ); // IPv4 with the learned set, IPv6
    for (const { packets } of wider) assert.match(packets, / port 80 mark not 0x7 \(/);
  });

  test('matrix and reach say that some of it depends', async () => {
    const matrix = await portcullis(['matrix', '--in', 'gate.nft', '--service', 'tcp/80', '--family', '6', '--json'], {
      files,
    });
    assert.match(String(documentOf(matrix, 'matrix').conditions), /limit rate/);
    const reach = await portcullis(['reach', '--in', 'gate.nft', '--json'], { files });
    assert.match(String(documentOf(reach, 'reach').conditions), /ip saddr @learned.*limit rate/);
    const text = await portcullis(['reach', '--in', 'gate.nft'], { files });
    assert.match(text.stdout, /\nsome of it depends on what cannot be known from here:\n {2}`ip saddr @learned`/);
  });

  test('text that is not understood may decide: the answer is not certain, and says why', async () => {
    const moving = `table ip a {
      chain pre { type nat hook prerouting priority dstnat; tcp dport 80 redirect to :8080-8090; }
      chain in { type filter hook input priority 0; policy drop; tcp dport 8085 accept; tcp dport 22 accept; }
    }`;
    const ask = async (flow: string) =>
      documentOf(await portcullis(['why', '--in', '-', '--json', flow], { stdin: moving }), 'why');
    const moved = await ask('tcp 10.0.0.1 -> host:80');
    assert.equal(moved.verdict, 'depends');
    assert.match(JSON.stringify(moved.uncertain), /redirect to :8080-8090/);
    const other = await ask('tcp 10.0.0.1 -> host:22');
    assert.deepEqual([other.verdict, other.uncertain], ['accept', undefined]);
  });
});
