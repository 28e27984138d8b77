import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pico from 'picocolors';
import { assertSchema } from '../../../test/cli/cli.ts';
import { type DockerFacts, readDocker } from '../../docker/index.ts';
import { machineAt } from '../../host/index.ts';
import { loadPolicyText } from '../../policy/index.ts';
import { SourceFile } from '../../source/index.ts';
import { type InitOptions, runInit } from '../commands/init.ts';
import type { Console } from '../console.ts';
import { Stop } from '../report.ts';

const CONFIGS = fileURLToPath(new URL('../../../test/openclaw/configs', import.meta.url));
const SOCKETS = '  sl  local_address rem_address   st\n';

let root: string; // of a machine that is only files
let cwd: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'portcullis-machine-'));
  cwd = mkdtempSync(join(tmpdir(), 'portcullis-cwd-'));
  write('/etc/hostname', 'vps\n');
  write('/etc/os-release', 'ID=debian\n');
  write(
    '/etc/passwd',
    'root:x:0:0::/root:/bin/sh\n_apt:x:42:65534::/nonexistent:/bin/false\nopenclaw:x:998:998::/home/openclaw:/bin/sh\n',
  );
  write('/etc/resolv.conf', 'nameserver 127.0.0.53\n');
  write('/run/systemd/resolve/resolv.conf', 'nameserver 192.0.2.53\n');
  write('/etc/ssh/sshd_config', 'Port 2222\n');
  write(
    '/proc/net/tcp',
    `${SOCKETS}   0: 00000000:08AE 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   1: 0A00000A:08AE 097100CB:D431 01 00000000:00000000 02:000A 00000000     0        0 2 2 0
   2: 00000000:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 3 1 0\n`,
  );
});

afterEach(() => {
  rmSync(root, { recursive: true });
  rmSync(cwd, { recursive: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function addConfig(name: string, home = '/home/openclaw'): void {
  cpSync(join(CONFIGS, name), join(root, home, '.openclaw'), { recursive: true });
}

interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly codes: readonly string[];
}

/** The machine's files lie below `root`; the policy is written below `cwd`, which that machine does not have. */
async function init(
  options: InitOptions = {},
  env: Readonly<Record<string, string>> = {},
  docker?: DockerFacts,
): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const output = (write: (text: string) => void) => ({
    write,
    writeBytes: (utf8: Uint8Array): boolean => {
      write(Buffer.from(utf8).toString());
      return true;
    },
    isTerminal: false,
    width: 100,
    colors: pico.createColors(false),
  });
  const console: Console = {
    stdout: output((text) => {
      stdout += text;
    }),
    stderr: output((text) => {
      stderr += text;
    }),
    readStdin: () => Promise.resolve(new Uint8Array()),
    env: { HOME: '/home/admin', ...env },
    cwd,
    today: '2026-11-22',
    exitCode: 0,
  };
  try {
    return { exitCode: await runInit(console, options, machineAt(root), () => docker), stdout, stderr, codes: [] };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { exitCode: error.exitCode, stdout, stderr, codes: error.diagnostics.map(({ code }) => code) };
  }
}

async function refusal(options: InitOptions = {}): Promise<readonly [exitCode: number, codes: readonly string[]]> {
  const { exitCode, codes } = await init(options);
  return [exitCode, codes];
}

function policy(): string {
  return readFileSync(join(cwd, 'portcullis.yaml'), 'utf8');
}

describe('init', async () => {
  test('finds the configuration of another account and what the machine needs', async () => {
    addConfig('discord');
    const { exitCode, stdout, stderr } = await init();
    assert.equal(exitCode, 0);
    assert.match(stdout, /wrote portcullis\.yaml, from \/home\/openclaw\/\.openclaw\/openclaw\.json/);
    assert.match(stdout, /allows {3}ssh, dns, time, system-updates, discord, anthropic/);
    assert.match(stderr, /SSH stays open to where you are now: 203\.0\.113\.9/);
    const text = policy();
    assert.match(text, /name: vps\n/);
    assert.match(text, /addresses: \[203\.0\.113\.9\]/);
    assert.match(text, /service: tcp\/2222\n/);
    assert.match(text, /addresses: \[192\.0\.2\.53\]/);
    assert.match(text, /domains: \[0\.debian\.pool\.ntp\.org, /);
    assert.match(text, /# - name: tcp-443\n/);
    assert.doesNotMatch(text, /EXAMPLE-SECRET/);
  });

  test('says the same thing twice', async () => {
    addConfig('everything');
    const first = (await init({ output: '-' })).stdout;
    assert.equal((await init({ output: '-' })).stdout, first);
    assert.ok(!existsSync(join(cwd, 'portcullis.yaml')));
  });

  test('takes the session of SSH_CONNECTION, too, which the kernel may show under another address', async () => {
    addConfig('discord');
    await init({}, { SSH_CONNECTION: '2001:db8::9 50000 2001:db8::1 2222' });
    assert.match(policy(), /addresses: \["2001:db8::9", 203\.0\.113\.9\]/);
  });

  test('says so where nobody is logged in, and never locks out by guessing', async () => {
    addConfig('discord');
    write('/proc/net/tcp', SOCKETS);
    const { stderr } = await init();
    assert.match(stderr, /D0050/);
    assert.match(policy(), /admin:\n {4}zones: \[private\]/);
  });

  test('reads `.env` beside the configuration, and the environment before it', async () => {
    addConfig('custom-base-url');
    write('/home/openclaw/.openclaw/.env', 'LLM_BASE_URL=https://from-file.example.com\n');
    await init({ output: 'a.yaml' });
    assert.match(readFileSync(join(cwd, 'a.yaml'), 'utf8'), /to: from-file\.example\.com/);
    await init({ output: 'b.yaml' }, { LLM_BASE_URL: 'https://from-env.example.com' });
    assert.match(readFileSync(join(cwd, 'b.yaml'), 'utf8'), /to: from-env\.example\.com/);
  });

  test('moves with OPENCLAW_CONFIG_PATH, OPENCLAW_STATE_DIR, OPENCLAW_HOME and profiles', async () => {
    addConfig('discord', '/srv');
    addConfig('telegram', '/opt/claw');
    cpSync(join(CONFIGS, 'slack'), join(root, '/home/admin/.openclaw-work'), { recursive: true });
    const from = async (env: Readonly<Record<string, string>>) =>
      /from (\S+)\n/.exec((await init({ force: true }, env)).stdout)?.[1];
    assert.equal(await from({ OPENCLAW_CONFIG_PATH: '/srv/.openclaw/openclaw.json' }), '/srv/.openclaw/openclaw.json');
    assert.equal(await from({ OPENCLAW_STATE_DIR: '/opt/claw/.openclaw' }), '/opt/claw/.openclaw/openclaw.json');
    assert.equal(await from({ OPENCLAW_HOME: '/srv' }), '/srv/.openclaw/openclaw.json');
    assert.equal(await from({ OPENCLAW_PROFILE: 'work' }), '/home/admin/.openclaw-work/openclaw.json');
  });

  test('stops where there is no configuration, or more than one', async () => {
    assert.deepEqual(await refusal(), [2, ['I0001']]);
    addConfig('discord');
    addConfig('telegram', '/home/admin');
    assert.deepEqual(await refusal(), [2, ['I0002']]);
    assert.equal((await init({ config: '/home/admin/.openclaw/openclaw.json' })).exitCode, 0);
  });

  test('writes a policy for the machine alone', async () => {
    const { exitCode, stdout } = await init({ openclaw: false });
    assert.equal(exitCode, 0);
    assert.match(stdout, /allows {3}ssh, dns, time, system-updates\n/);
  });

  test('stops at a configuration that is broken, absent or not to be read', async () => {
    write('/home/openclaw/.openclaw/openclaw.json', '{ channels: { discord: 5 } }');
    assert.deepEqual(await refusal(), [2, ['D0006']]);
    const absent = await init({ config: '/nowhere/openclaw.json' });
    assert.deepEqual([absent.exitCode, absent.codes], [2, ['I0003']]);
    const folder = await init({ config: '/home/openclaw' });
    assert.deepEqual([folder.exitCode, folder.codes], [2, ['I0003']]);
    assert.ok(!existsSync(join(cwd, 'portcullis.yaml')));
  });

  test('a configuration that this account may not read is the machine’s no', async (t) => {
    if (process.getuid?.() === 0) return t.skip('root may read everything');
    addConfig('discord');
    const path = '/home/openclaw/.openclaw/openclaw.json';
    rmSync(join(root, path));
    writeFileSync(join(root, path), '{}', { mode: 0o000 });
    assert.deepEqual(await refusal(), [4, ['I0003']]);
    return undefined;
  });

  test('leaves a policy that is there as it is, unless it is told to', async () => {
    addConfig('discord');
    writeFileSync(join(cwd, 'portcullis.yaml'), 'mine');
    assert.deepEqual(await refusal(), [3, ['I0004']]);
    assert.equal(policy(), 'mine');
    assert.equal((await init({ force: true })).exitCode, 0);
    assert.match(policy(), /portcullis: 1/);
  });

  test('says what is wrong with the place for the policy', async () => {
    addConfig('discord');
    writeFileSync(join(cwd, 'file'), '');
    for (const output of ['file/portcullis.yaml', 'absent/portcullis.yaml', '/sys/portcullis.yaml']) {
      assert.deepEqual(await refusal({ output }), [4, ['I0005']], output);
    }
  });

  test('answers in JSON, with the policy in it', async () => {
    addConfig('mcp-servers');
    const { stdout, stderr } = await init({ json: true });
    const answer = JSON.parse(stdout);
    assertSchema(answer, 'init');
    assert.equal(stderr, '');
    assert.equal(answer.ok, true);
    assert.equal(answer.file, 'portcullis.yaml');
    assert.equal(answer.policy, policy());
    assert.ok(
      answer.flows.some((flow: { name: string; offered: boolean }) => flow.name === 'mcp-linear' && !flow.offered),
    );
    assert.ok(answer.diagnostics.some((diagnostic: { code: string }) => diagnostic.code === 'D0031'));
  });

  test('knows an account by its number where it has no name', async () => {
    addConfig('discord');
    const uid = statSync(join(root, '/home/openclaw/.openclaw/openclaw.json')).uid;
    write('/etc/passwd', 'openclaw:x:998:998::/home/openclaw:/bin/sh\n');
    await init();
    assert.match(policy(), new RegExp(`agent:\\n {4}host: \\{ users: \\[${uid}\\] \\}`));
  });

  test('takes the accounts that it is told', async () => {
    addConfig('local-proxy');
    await init({ user: 'claw', proxyUser: 'squid' });
    assert.match(policy(), /agent:\n {4}host: \{ users: \[claw\] \}/);
    assert.match(policy(), /proxy:\n {4}host: \{ users: \[squid\] \}/);
  });

  test('offers the networks of Docker as zones, which can be taken as they stand', async () => {
    write('/sys/class/net/docker0', '');
    const listed = [
      {
        Name: 'openclaw_default',
        Id: '0123456789abcdef',
        Driver: 'bridge',
        IPAM: { Config: [{ Subnet: '172.18.0.0/16' }, { Subnet: 'fd00:1::/64' }] },
      },
      {
        Name: '/claw: "x"',
        State: { Running: true },
        HostConfig: {},
        NetworkSettings: {
          Networks: { openclaw_default: { IPAddress: '172.18.0.2' } },
          Ports: { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '18789' }] },
        },
      },
    ];
    const { facts } = readDocker([new SourceFile('docker.json', JSON.stringify(listed))]);
    await init({ openclaw: false }, {}, facts);
    assert.match(policy(), /^ {2}# {3}holds claw: "x", which is published: tcp\/80 as 18789 on every address$/m);
    const zone = / {2}# (openclaw_default: .*)/.exec(policy())?.[1];
    assert.ok(zone !== undefined, policy());
    const taken = policy().replace(/^zones:\n/m, `zones:\n  ${zone}\n`);
    const { policy: read, diagnostics } = loadPolicyText(new SourceFile('taken.yaml', taken), () => ({ reason: '' }));
    assert.deepEqual(diagnostics, []);
    const docker = read?.zones.find(({ name }) => name === 'openclaw_default')?.elsewhere.docker;
    assert.equal(docker?.bridge?.value, 'br-0123456789ab');
    assert.equal(docker?.subnets?.length, 2);
  });
});
