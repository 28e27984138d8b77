import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { loadCatalog } from '../../src/catalog/index.ts';
import { renderDiagnostic } from '../../src/diagnostic/index.ts';
import { proposePolicy } from '../../src/discover/index.ts';
import { portcullis } from '../cli/cli.ts';
import { ACCOUNTS, discoverFile, golden, HOME_SERVER, proposeFile, SERVER } from './support.ts';

const CONFIGS = readdirSync(new URL('configs', import.meta.url)).sort();
const BROKEN = readdirSync(new URL('broken', import.meta.url)).sort();

describe('a policy for the configuration', () => {
  for (const name of CONFIGS) {
    test(`${name} is as expected, and check finds nothing wrong with it`, async () => {
      const { text } = proposeFile(`configs/${name}/openclaw.json`);
      assert.equal(text, golden(`${name}.yaml`, text));
      await assertSound(text);
    });
  }
});

test('a machine with Docker, Tailscale and ufw, and nobody logged in', async () => {
  const { text, diagnostics } = proposeFile('configs/home-server/openclaw.json', HOME_SERVER);
  assert.equal(text, golden('home-server-docker-tailscale.yaml', text));
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'warning').map(({ code }) => code),
    ['D0046', 'D0050', 'D0056'],
  );
  await assertSound(text);
});

test('a policy for the machine alone is sound, too', async () => {
  const { text } = proposePolicy({ machine: SERVER, catalog: loadCatalog() });
  assert.equal(text, golden('machine-alone.yaml', text));
  await assertSound(text);
});

describe('an egress gateway added to what was proposed takes its names, of', () => {
  const GATEWAY = '\ngateway: { upstream: 9.9.9.9, user: 987 }\n';
  for (const name of CONFIGS) {
    for (const [kind, machine] of Object.entries({ server: SERVER, 'home server': HOME_SERVER })) {
      test(`${name}, on a ${kind}`, () =>
        assertSound(proposeFile(`configs/${name}/openclaw.json`, machine).text + GATEWAY));
    }
  }
});

test('what is offered as a comment is sound when it is uncommented', async () => {
  for (const name of CONFIGS) {
    const { text, flows } = proposeFile(`configs/${name}/openclaw.json`);
    const offered = new Set(flows.filter((flow) => flow.offered && flow.name !== 'dns').map((flow) => flow.name));
    const { text: uncommented, count } = uncomment(text);
    assert.equal(count, offered.size, name);
    // R0017 warns of the flow `web`, C0016 of two webhooks that have the same port by default. The tests of the policy speak of the policy as it was written: with more open, some of them fail, as they should.
    await assertSound(uncommented.replace(/^tests:$.*/ms, ''), ['R0017', 'C0016']);
  }
});

describe('a configuration that is broken or risky is told with its place:', () => {
  for (const file of BROKEN) {
    test(file, () => {
      const { diagnostics } = discoverFile(`broken/${file}`);
      assert.ok(diagnostics.length > 0);
      const report = `${diagnostics.map((diagnostic) => renderDiagnostic(diagnostic)).join('\n\n')}\n`;
      assert.equal(report, golden(`${file.replace('.json5', '')}.txt`, report));
    });
  }
});

test('no secret of any configuration is ever repeated', () => {
  for (const file of [
    ...CONFIGS.map((name) => `configs/${name}/openclaw.json`),
    ...BROKEN.map((name) => `broken/${name}`),
  ]) {
    const discovery = discoverFile(file);
    const said = discovery.diagnostics.map((diagnostic) => renderDiagnostic(diagnostic)).join('\n');
    assert.doesNotMatch(said + proposeFile(file).text, /EXAMPLE-SECRET/, file);
  }
});

test('variables are put in from the environment, and the configuration’s own come last', () => {
  const environment = { LLM_BASE_URL: 'https://llm.example.com', OPENAI_API_KEY: 'EXAMPLE-SECRET' };
  const { needs, diagnostics } = discoverFile('configs/custom-base-url/openclaw.json', environment);
  const hosts = needs.flatMap(({ to }) =>
    to.kind === 'server' && to.host.kind === 'name' ? [`${to.host.name}:${to.port}`] : [],
  );
  assert.deepEqual(hosts, ['llm-gateway.example.com:8443', 'llm.example.com:443', 'otel.example.com:4318']);
  assert.ok(!diagnostics.some(({ code }) => code === 'D0020'));
});

/** Takes the comment signs off every flow that is offered: from `# - name:` on, as long as lines are indented below it. */
function uncomment(text: string): { readonly text: string; readonly count: number } {
  let count = 0;
  const uncommented = text.replace(/^ {2}# - name: .*\n(?: {2}# {3}.*\n)*/gm, (block) => {
    if (block.includes('name: dns\n')) return block;
    count++;
    return block.replace(/^ {2}# /gm, '  ');
  });
  return { text: uncommented, count };
}

/** `portcullis check`: exit code 0, every test proven, and no warnings but these. */
async function assertSound(text: string, warnings: readonly string[] = []): Promise<void> {
  const ran = await portcullis(['check', '--json', ...ACCOUNTS], { files: { 'portcullis.yaml': text } });
  const answer: { diagnostics: { code: string }[] } = JSON.parse(ran.stdout);
  assert.deepEqual(
    answer.diagnostics.filter(({ code }) => !warnings.includes(code)),
    [],
  );
  assert.equal(ran.exitCode, 0, ran.stdout);
}
