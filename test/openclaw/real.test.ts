import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadCatalog, loadConfigKeys } from '../../src/catalog/index.ts';
import { clientSettings } from '../../src/gateway/index.ts';
import { formatDnsPattern } from '../../src/net/index.ts';
import { intentOf } from '../lab/policies.ts';
import { openClaw } from './package.ts';
import { type SchemaNode, serverKeys, stringKeys } from './schema.ts';
import { discoverFile } from './support.ts';

const keys = loadConfigKeys();
const configs = fileURLToPath(new URL('configs', import.meta.url));
const found = await openClaw();
if (typeof found === 'string') test('the real OpenClaw', { skip: found }, () => undefined);
else against(found);

function against(program: Exclude<Awaited<ReturnType<typeof openClaw>>, string>): void {
  after(() => program.remove());

  describe('the real OpenClaw accepts the configuration', () => {
    for (const name of readdirSync(configs).sort()) {
      test(name, async () => {
        const { exitCode, stdout } = await program.run(
          ['config', 'validate', '--json'],
          join(configs, name, 'openclaw.json'),
        );
        assert.equal(exitCode, 0, stdout);
        assert.equal(JSON.parse(stdout).valid, true, stdout);
      });
    }
  });

  test('the real OpenClaw accepts what it is told of the gateway', async () => {
    const policy = `portcullis: 1
gateway: { upstream: 9.9.9.9 }
zones: { agent: { host: { users: [openclaw] } } }
flows: [{ name: web, from: agent, to: api.example.com, service: https }]
`;
    const intent = intentOf(policy);
    assert.ok(intent.gateway);
    const settings = clientSettings(intent, intent.gateway).find(({ name }) => name === 'openclaw.json');
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-settings-'));
    after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'openclaw.json');
    writeFileSync(file, settings?.text ?? '');
    const { exitCode, stdout } = await program.run(['config', 'validate', '--json'], file);
    assert.equal(exitCode, 0, stdout);
    assert.equal(JSON.parse(stdout).valid, true, stdout);
  });

  describe('the real OpenClaw refuses, as discovery does, the configuration', () => {
    const broken = fileURLToPath(new URL('broken', import.meta.url));
    for (const name of readdirSync(broken).sort()) {
      test(name, async (t) => {
        const hasErrors = discoverFile(`broken/${name}`).diagnostics.some(({ severity }) => severity === 'error');
        if (!hasErrors) return t.skip('it is risky or incomplete, not broken');
        const { exitCode } = await program.run(['config', 'validate', '--json'], join(broken, name));
        assert.notEqual(exitCode, 0);
        return undefined;
      });
    }
  });

  describe('the catalogue is held against the schema of the release:', async () => {
    const schema: SchemaNode = JSON.parse((await program.run(['config', 'schema'])).stdout);

    test('every channel is known', () => {
      const channels = Object.keys(schema.properties?.channels?.properties ?? {});
      assert.ok(channels.length > 20, 'the schema lists no channels');
      const known = new Set([...keys.channels.keys(), ...keys.notChannels]);
      assert.deepEqual(
        channels.filter((name) => !known.has(name)),
        [],
      );
    });

    test('every key that a channel is read by exists', () => {
      const channels = schema.properties?.channels?.properties ?? {};
      const missing: string[] = [];
      for (const [name, channel] of keys.channels) {
        const node = channels[name];
        // `incomingUrl` of synology-chat is read by its plugin and stands in no schema.
        if (node === undefined || name === 'synology-chat') continue;
        const wanted = [
          ...channel.servers,
          ...channel.replacedBy,
          ...[channel.proxy, channel.choices?.key, channel.socket?.host, channel.socket?.tls].flatMap(
            (key) => key ?? [],
          ),
          ...[channel.listener?.host, channel.listener?.when?.key].flatMap((key) => key ?? []),
        ];
        const has = new Set(stringKeys(node));
        missing.push(...wanted.filter((key) => !has.has(key)).map((key) => `${name}.${key}`));
      }
      assert.deepEqual(missing, ['irc.tls']); // true or false, so no text
    });

    test('every setting that sounds like a server is read, or known not to be one', () => {
      const read = new Set(keys.servers.keys());
      for (const [name, channel] of keys.channels) {
        const own = [
          ...channel.servers,
          ...channel.replacedBy,
          channel.proxy,
          channel.socket?.host,
          channel.listener?.host,
          channel.listener?.when?.key,
        ];
        for (const key of own) if (key !== undefined) read.add(`channels.${name}.${key}`);
      }
      for (const key of READ_BY_CODE) read.add(key);
      const known = [...read].map((key) => key.replace(/\.\*$/, '')).concat([...keys.notServers.keys()]);
      const patterns = known.map(pathPattern);
      const unknown = serverKeys(schema).filter((key) => !patterns.some((pattern) => pattern.test(key)));
      assert.deepEqual(unknown, []);
    });

    test('every section of the configuration is read, or known to say nothing of the network', () => {
      const sections = Object.keys(schema.properties ?? {});
      assert.deepEqual(
        sections.filter((name) => !SECTIONS.includes(name)),
        [],
      );
    });
  });

  describe('the catalogue is held against the plugins of the release:', () => {
    const manifests = readManifests(program.folder);

    const contracts = [
      ['providers', new Set(keys.providers.keys())],
      ['webSearchProviders', new Set(keys.searches.keys())],
      ['speechProviders', new Set([...keys.speech.keys(), ...keys.providers.keys()])],
      ['mediaUnderstandingProviders', new Set([...keys.speech.keys(), ...keys.providers.keys()])],
      ['embeddingProviders', new Set([...keys.embeddings.keys(), ...keys.providers.keys()])],
      ['imageGenerationProviders', new Set(keys.providers.keys())],
      ['videoGenerationProviders', new Set(keys.providers.keys())],
    ] as const;
    for (const [contract, known] of contracts) {
      test(`all ${contract} are known`, () => {
        const offered = manifests.flatMap(({ provides }) => provides.get(contract) ?? []);
        assert.ok(offered.length > 0, `no plugin offers ${contract}`);
        assert.deepEqual(
          [...new Set(offered)].filter((name) => !known.has(name)),
          [],
        );
      });
    }

    test('every search provider that the program names is known', async () => {
      const config = join(tmpdir(), `portcullis-nobody-${process.pid}.json`);
      writeFileSync(config, '{ "tools": { "web": { "search": { "provider": "nobody" } } } }');
      const { stdout } = await program.run(['config', 'validate', '--json'], config);
      const issues: { allowedValues?: string[] }[] = JSON.parse(stdout).issues;
      const names = issues.flatMap(({ allowedValues }) => allowedValues ?? []);
      assert.ok(names.includes('brave'));
      assert.deepEqual(
        names.filter((name) => !keys.searches.has(name)),
        [],
      );
    });

    test('what is said to be seen in the code of a bundled plugin is there', () => {
      const catalog = loadCatalog();
      const missing: string[] = [];
      for (const name of catalog.entryNames()) {
        const entry = catalog.entry(name);
        const plugin = /^bundled plugin ([\w-]+)/.exec(entry?.source ?? '')?.[1];
        if (entry === undefined || plugin === undefined) continue;
        const text = pluginText(program.folder, plugin);
        for (const { pattern, evidence } of entry.endpoints) {
          if (evidence === 'code' && !text.includes(pattern.name))
            missing.push(`${name}: ${formatDnsPattern(pattern)}`);
        }
      }
      assert.deepEqual(missing, []);
    });
  });
}

/** Read by code of their own, since more than the key decides. */
const READ_BY_CODE = [
  'agents.defaults.sandbox.ssh.target',
  'browser.cdpUrl',
  'browser.profiles.*.cdpUrl',
  'diagnostics.otel.endpoint',
  'diagnostics.otel.logsEndpoint',
  'diagnostics.otel.metricsEndpoint',
  'diagnostics.otel.tracesEndpoint',
  'gateway.customBindHost',
  'gateway.push.apns.relay.baseUrl',
  'mcp.servers.*.url',
  'nodeHost.mcp.servers.*.url',
  'memory.search.remote.baseUrl',
  'models.catalogRefresh.url',
  'models.providers.*.baseUrl',
  'proxy.proxyUrl',
];

const SECTIONS = [
  // Read:
  ...['agents', 'auth', 'browser', 'channels', 'cron', 'diagnostics', 'env', 'gateway', 'hooks', 'mcp', 'memory'],
  ...['models', 'nodeHost', 'plugins', 'proxy', 'talk', 'tools', 'tts', 'update'],
  // Nothing of the network in them:
  ...['$schema', 'accessGroups', 'acp', 'approvals', 'attachments', 'bindings', 'broadcast', 'commands', 'logging'],
  ...['messages', 'meta', 'secrets', 'security', 'session', 'skills', 'surfaces', 'transcripts', 'ui', 'wizard'],
  ...['worktreeAcceleration', 'worktreeRoot'],
  // `telemetry` adds to the update check and connects nowhere else; `desktop` is loopback; `discovery` is mDNS, whose plugin
  // is off on Linux; `cloudWorkers` names providers, which are plugins by others.
  ...['cloudWorkers', 'desktop', 'discovery', 'telemetry'],
];

function pathPattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.$]/g, '\\$&').replaceAll('*', '.*')}$`);
}

interface Manifest {
  readonly provides: ReadonlyMap<string, readonly string[]>;
}

function readManifests(folder: string): Manifest[] {
  const extensions = join(folder, 'dist', 'extensions');
  return readdirSync(extensions).flatMap((name) => {
    const file = join(extensions, name, 'openclaw.plugin.json');
    if (!existsSync(file)) return [];
    const manifest: { providers?: string[]; contracts?: Record<string, string[]> } = JSON.parse(
      readFileSync(file, 'utf8'),
    );
    return [
      { provides: new Map([...Object.entries(manifest.contracts ?? {}), ['providers', manifest.providers ?? []]]) },
    ];
  });
}

/** All code of a plugin: its own folder and whatever chunk of the package is named after it or imported from there. */
function pluginText(folder: string, plugin: string): string {
  const dist = join(folder, 'dist');
  const own = join(dist, 'extensions', plugin);
  const read = (file: string): string => readFileSync(file, 'utf8');
  const ownTexts = readdirSync(own, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:m?js|json)$/.test(name) && !name.includes('node_modules'))
    .map((name) => read(join(own, name)));
  const chunks = ownTexts.flatMap((text) =>
    [...text.matchAll(/from "\.\.\/\.\.\/([\w.-]+)"/g)].map(([, chunk = '']) => chunk),
  );
  const shared = [...new Set(chunks)].map((chunk) => join(dist, chunk)).filter((file) => existsSync(file));
  return [...ownTexts, ...shared.map(read)].join('\n');
}
