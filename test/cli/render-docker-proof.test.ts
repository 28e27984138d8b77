import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DockerGround, readBack } from '../../src/cli/docker/render.ts';
import { readDocker } from '../../src/docker/index.ts';
import { loadPolicyText } from '../../src/policy/index.ts';
import { containerZones } from '../../src/resolve/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { documentOf, withConsole } from './cli.ts';
import { COMPOSE, compose, OPENCLAW, policy, renderDocker } from './render-docker.ts';

/** What a text is held against. */
function groundOf(composeText: string, policyText: string): DockerGround {
  const files = [new SourceFile('compose.yml', composeText)];
  const source = new SourceFile('portcullis.yaml', policyText);
  const { facts, projects, diagnostics } = readDocker(files);
  const [project] = projects;
  assert.ok(facts !== undefined && project !== undefined);
  const zones = containerZones(loadPolicyText(source, () => ({ reason: '' })).policy?.zones ?? []);
  return { files, facts, project, diagnostics, policy: source, accounts: new Map(), zones };
}

async function faults(ground: DockerGround, text: string): Promise<string[]> {
  const found: string[] = [];
  await withConsole('/', {}, async (console) => {
    const read = readBack(console, ground, [{ name: 'compose.portcullis.yaml', text }]);
    found.push(...read.map(({ message }) => message));
  });
  return found;
}

describe('what is written for Docker is read back, and', () => {
  const plants: readonly (readonly [string, (text: string) => string, RegExp | undefined])[] = [
    ['holds as it is', (text) => text, undefined],
    [
      'a port on every address is found',
      (text) => text.replace('"127.0.0.1"', '"0.0.0.0"'),
      /tcp\/18790 .* no flow leads there from another machine/,
    ],
    [
      'ports that are appended are found',
      (text) => text.replace('ports: !override\n', 'ports:\n'),
      /tcp\/3978 .* no flow leads there/,
    ],
    [
      'a port that is left is found',
      (text) => text.replace('!override []', '!override ["127.0.0.1:3000:3000"]'),
      /tcp\/3000 .*no flow leads there/,
    ],
    [
      'a port that is new is found',
      (text) => text.replace('target: 18790', 'target: 18789'),
      /tcp\/18789 at 127.0.0.1, port 18790 was not published so before/,
    ],
    [
      'a port that is gone is found',
      (text) => text.replace(/.*:18789"\n/, ''),
      /tcp\/18789 .* is not published any more/,
    ],
    [
      'a service that is not put on its network is found',
      (text) => text.replace('networks:\n      - pc-agents', 'labels:\n      - x=y'),
      /tcp\/18789 .* no flow leads there/,
    ],
    ['other subnets are found', (text) => text.replace('172.31.7.0', '172.31.9.0'), /`pc-agents` has other subnets/],
    [
      'another bridge is found',
      (text) => text.replace('bridge.name: pc-agents', 'bridge.name: docker7'),
      /`pc-agents` has another bridge/,
    ],
    [
      'a network without a way out is found',
      (text) => text.replace('driver: bridge', 'driver: bridge\n    internal: true'),
      /`pc-agents` has no way out any more/,
    ],
    [
      'a service that is gone is found',
      (text) => text.replace('  openclaw-gateway:\n', '  openclaw-gateway: !reset\n'),
      /./,
    ],
    ['what is no YAML is found', (text) => `${text}\n  - ]`, /could not be read back/],
  ];
  for (const [name, plant, expected] of plants) {
    test(name, async () => {
      const { artifacts } = documentOf(await renderDocker(OPENCLAW, COMPOSE), 'render');
      assert.ok(Array.isArray(artifacts));
      const planted = plant(artifacts[0].text);
      assert.equal(planted === artifacts[0].text, expected === undefined, 'nothing was planted');
      const found = await faults(groundOf(COMPOSE, OPENCLAW), planted);
      if (expected === undefined) assert.deepEqual(found, []);
      else assert.match(found.join('\n'), expected);
    });
  }

  test('neighbours that could speak to each other are found', async () => {
    const text = policy(
      ['from: web, to: internet, service: https'],
      '  web: { docker: { network: n, subnets: [172.31.7.0/24], service: web } }',
    );
    const planted =
      'services: { web: { networks: [n] } }\nnetworks: { n: { name: n, ipam: { config: [{ subnet: 172.31.7.0/24 }] } } }\n';
    const found = await faults(groundOf(compose(''), text), planted);
    assert.match(found.join('\n'), /`n` lets its containers speak to each other/);
  });
});
