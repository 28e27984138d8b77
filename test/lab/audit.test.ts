import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../../src/analysis/index.ts';
import { findProgram, isolationArguments, run } from '../../src/host/index.ts';
import { auditNft, closed, codes } from '../audit/ask.ts';
import { isolationOrReason } from './support.ts';

const found = await isolationOrReason();
const skip = 'skip' in found ? found.skip : false;
const isolation = 'skip' in found ? 'root' : found.isolation;
const requirements = new URL('../audit/requirements/', import.meta.url);

/** What a shell script says that runs in a network of its own. */
async function inPrivate(script: string): Promise<string> {
  const preamble = 'set -e; mount -t tmpfs tmpfs /run; ip link set lo up';
  const { exitCode, stdout, stderr } = await run(
    'unshare',
    [...isolationArguments(isolation, 0), 'sh', '-c', `${preamble}; ${script}`],
    { timeoutMs: 30_000 },
  );
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

const missing = ['iptables', 'nft'].find((program) => findProgram(program) === undefined);

suite('the iptables script of the requirements', { skip }, () => {
  test('loads to what the fixture holds', {
    skip: missing === undefined ? false : `\`${missing}\` is not installed: apt-get install iptables nftables`,
  }, async (t) => {
    const version = (await run('iptables', ['--version'])).stdout;
    if (!version.includes('nf_tables')) return t.skip(`iptables is ${version.trim()}: \`nft\` does not list its rules`);
    const script = fileURLToPath(new URL('iptables-script.sh', requirements));
    const listing = await inPrivate(`sh ${script}; nft list ruleset`);
    // How a listing is spelt differs by version; what is said about it must not.
    const expected = codes(auditNft(readFileSync(new URL('iptables-script.nft', requirements), 'utf8')));
    const stable = (all: readonly string[]): string[] => all.filter((each) => !each.startsWith('A0'));
    assert.deepEqual(stable(codes(auditNft(listing))), stable(expected));
  });
});

/** Commands of nft that mend what was found are loaded by nft itself, and the finding is gone. */
suite('fixes', { skip }, () => {
  const bare = `table inet host {
  chain input { type filter hook input priority 0; policy drop; tcp dport 22 accept; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; }
  chain output { type filter hook output priority 0; policy accept; }
  chain forward { type filter hook forward priority 0; policy drop; }
}`;
  const table: readonly (readonly [code: string, rules: string])[] = [
    ['A1007', closed('tcp dport 22 accept')],
    ['A1204', bare],
    ['A1205', bare],
    ['A1206', bare],
    ['A1207', bare.replace('tcp dport 22', 'ct state established,related accept; tcp dport 22')],
  ];
  for (const [code, rules] of table) {
    test(code, async () => {
      const before = auditNft(rules).find((each): each is Finding => each.code === code);
      assert.ok(before?.fix !== undefined && before.fix.language === 'nft', code);
      assert.deepEqual(before.fix.remove, []);
      const load = (text: string): string => `nft -f - <<'EOF'\n${text}\nEOF\n`;
      const listing = await inPrivate(`${load(rules)}${load(before.fix.add.join('\n'))}nft list ruleset`);
      const after = codes(auditNft(listing));
      assert.ok(!after.some((each) => each.startsWith(code)), `${before.fix.add.join('\n')}\n${after.join('\n')}`);
    });
  }
});

/** The machine's own rules, asked of both halves of the kernel, as a command of the program does. */
suite('this machine, live', { skip }, () => {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const ask = (what: string): string => `"${process.execPath}" "${main}" ${what}`;
  const noLegacy = ['iptables-legacy', 'iptables-nft', 'ipset'].find((each) => findProgram(each) === undefined);
  const both = {
    skip: noLegacy === undefined ? false : `\`${noLegacy}\` is not installed: apt-get install iptables ipset`,
  };
  const legacyRules = `
    iptables-legacy -P INPUT DROP
    iptables-legacy -A INPUT -i lo -j ACCEPT
    iptables-legacy -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
    ipset create admins hash:ip
    ipset add admins 192.0.2.7
    iptables-legacy -A INPUT -p tcp --dport 22 -m set --match-set admins src -j ACCEPT
    iptables-legacy -A INPUT -p tcp --dport 5432 -j ACCEPT`;
  const nftRules = `
    iptables-nft -A INPUT -p tcp -m tcp --dport 23 -m comment --comment old -j DROP
    ip6tables-nft -A INPUT -p tcp -m multiport --dports 25,110 -j DROP
    nft 'add table inet more; add chain inet more i { type filter hook input priority 5; }; add rule inet more i tcp dport 8080 drop'`;
  const listening = `
    "${process.execPath}" -e 'require("net").createServer().listen(5432, "0.0.0.0")' & node=$!
    trap "kill $node" EXIT
    until grep -q ':1538 ' /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done`;
  const soft = (command: string, into: string): string =>
    `set +e; ${command} >/run/${into} 2>/run/${into}.err; echo "${into} $?"; cat /run/${into} /run/${into}.err; set -e`;

  test('is audited with both kinds of iptables and nftables together, and with what listens', both, async () => {
    const told = await inPrivate(
      `${legacyRules}${nftRules}${listening}
      ${soft(ask('audit live --json'), 'out')}`,
    );
    assert.match(told, /^out 1$/m);
    assert.match(told, /warning\[L0010\]/);
    assert.match(told, /"code": "A3002"/);
    // Of IPv4 the legacy rules open 5432 to all, and IPv6 is open but for what its nft rules drop: a program listens on IPv4 only.
    assert.match(told, /tcp\/5432[^"]*: node listens there/);
    assert.doesNotMatch(told, /L0003/);
    assert.doesNotMatch(told, /not understood/);
  });

  test('one kind alone is no warning', both, async () => {
    const told = await inPrivate(
      `iptables-legacy -L -n >/dev/null; ${nftRules}\n${soft(ask('audit live --json'), 'out')}`,
    );
    assert.doesNotMatch(told, /L0010|A3002/);
  });

  test('is compared with what was saved: equal until somebody adds a rule, of either kind', both, async () => {
    const told = await inPrivate(
      `iptables-legacy -P INPUT DROP
      iptables-legacy -A INPUT -p tcp --dport 22 -j ACCEPT
      iptables-legacy-save >/run/saved.rules
      ${soft(ask('diff /run/saved.rules live'), 'same')}
      nft 'add table inet more; add chain inet more i { type filter hook input priority 5; }; add rule inet more i tcp dport 22 drop'
      ${soft(ask('diff /run/saved.rules live'), 'other')}`,
    );
    assert.match(told, /^same 0$/m);
    assert.match(told, /^other 1$/m);
    assert.match(told.slice(told.indexOf('other 1')), /:22\b/);
  });

  test('is imported, proven equal, and asked like a file', both, async () => {
    const told = await inPrivate(
      `${legacyRules}
      iptables-nft -A INPUT -p tcp -m tcp --dport 5432 -m conntrack --ctstate NEW,INVALID -m comment --comment old -j DROP
      ${soft(ask('import live'), 'policy')}
      ${soft(ask("why --in live 'tcp 192.0.2.7 -> host:22'"), 'why')}
      ${soft(ask('matrix --in live --service tcp/5432'), 'matrix')}`,
    );
    assert.match(told, /^policy 0$/m);
    assert.match(told, /proven: the policy and the firewall let the same packets through/);
    assert.match(told, /^why 0$/m);
    assert.match(told, /match-set admins src/);
    assert.match(told, /^matrix 0$/m);
    assert.match(told, /- name: ssh\n +from: 192\.0\.2\.7\n +to: host\n/);
    assert.doesNotMatch(told, /- name: postgresql/);
  });
});
