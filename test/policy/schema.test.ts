import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { factsJsonSchema, loadPolicyText, policyJsonSchema, suppressionsJsonSchema } from '../../src/policy/index.ts';
import { SourceFile } from '../../src/source/index.ts';

const root = new URL('../../', import.meta.url);
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true, strict: false }).compile(policyJsonSchema());

/** Codes of problems in the shape of a file; the others are of YAML, of the meaning of words, or between files. */
const SHAPE = new Set(['P0014', 'P0020', 'P0021', 'P0022', 'P0023', 'P0024', 'P0027', 'P0028', 'P0029']);

function codes(text: string): string[] {
  return loadPolicyText(new SourceFile('policy.yaml', text), () => ({ reason: 'not here' })).diagnostics.map(
    ({ code }) => code,
  );
}

describe('schemas of what people write are up to date', () => {
  const schemas = {
    policy: policyJsonSchema(),
    'audit-suppressions': suppressionsJsonSchema(),
    'host-facts': factsJsonSchema(),
  };
  for (const [name, schema] of Object.entries(schemas)) {
    test(`schema/${name}.json`, () => {
      const committed = readFileSync(new URL(`schema/${name}.json`, root), 'utf8');
      assert.equal(committed, `${JSON.stringify(schema, null, 2)}\n`, 'run `npm run reference`');
    });
  }
});

describe('the schema accepts every example', () => {
  for (const file of globSync('examples/**/*.yaml', { cwd: root }).sort()) {
    test(file, () => {
      assert.ok(validate(parse(readFileSync(new URL(file, root), 'utf8'))), JSON.stringify(validate.errors));
    });
  }
});

describe('the schema and the reader agree', () => {
  /** Each is one change to a sound policy: the key path, and the value in its place. */
  const changes: readonly (readonly [string, unknown])[] = [
    ['portcullis', 2],
    ['portcullis', '1'],
    ['name', 5],
    ['name', 'a b'],
    ['extra', 1],
    ['x-extra', { anything: [1, null] }],
    ['enforce', 'proxy'],
    ['enforce', 'ranges'],
    ['zones', []],
    ['zones.9x', { addresses: '10.0.0.1' }],
    ['zones.agent', {}],
    ['zones.agent', { description: 'who' }],
    ['zones.agent', null],
    ['zones.agent.addresses', []],
    ['zones.agent.addresses', '10.0.0.1'],
    ['zones.agent.addresses', [10]],
    ['zones.agent.host', {}],
    ['zones.agent.host', { users: 998 }],
    ['zones.agent.host', { users: ['1000-1999', 998] }],
    ['zones.agent.host', { users: true }],
    ['zones.agent.host', { users: 1.5 }],
    ['zones.agent.kubernetes', { podSelector: { app: 'x' } }],
    ['zones.agent.kubernetes', { podSelector: { app: 1 } }],
    ['zones.agent.aws', { securityGroup: ['a', 'b'] }],
    ['zones.agent.aws', { securityGroups: 'a' }],
    ['services.web', 'tcp/80'],
    ['services.web', ['tcp/80', 'https']],
    ['services.web', 80],
    ['services.web', {}],
    ['flows', {}],
    ['flows', []],
    ['flows.0', 'ssh'],
    ['flows.0.name', undefined],
    ['flows.0.from', undefined],
    ['flows.0.service', undefined],
    ['flows.0.service', 443],
    ['flows.0.from', ['agent', 'host']],
    ['flows.0.from', []],
    ['flows.0.required', 'yes'],
    ['flows.0.rate', '6/minute per source'],
    ['flows.0.rate', '6/min'],
    ['flows.0.expires', '2099-01-01'],
    ['flows.0.expires', '2099-1-1'],
    ['flows.0.port', 1],
    ['tests.0', { from: 'agent' }],
    ['tests.0', { from: 'agent', allow: 'host:ssh' }],
    ['tests.0', { from: 'agent', to: 'host', deny: ['ssh', 'tcp/1'] }],
    ['baseline', { dhcp: false }],
    ['baseline', { dhcp: 'off' }],
    ['catalog', { mine: { add: 'example.com' } }],
    ['catalog', { mine: ['example.com'] }],
    ['include', 'other.yaml'],
    ['include', [1]],
  ];
  const sound = () => ({
    portcullis: 1,
    name: 'sound',
    zones: { agent: { addresses: ['10.0.0.1'] } },
    services: { web: ['tcp/80'] },
    flows: [{ name: 'one', from: 'agent', to: 'host', service: 'web' }],
    tests: [{ from: 'agent', allow: ['host:web'] }],
  });

  for (const [path, value] of changes) {
    test(`${path}: ${JSON.stringify(value)}`, () => {
      const policy = changed(sound(), path.split('.'), value);
      const told = codes(JSON.stringify(policy)).filter((code) => code !== 'P0001'); // includes are not followed here
      const wordsOnly = told.length > 0 && !told.some((code) => SHAPE.has(code));
      // A schema may accept what only a parser can refuse; it never refuses what the reader accepts.
      if (!wordsOnly)
        assert.equal(validate(policy), told.length === 0, `${told.join()} ${JSON.stringify(validate.errors)}`);
    });
  }
});

function changed(document: unknown, [key = '', ...rest]: readonly string[], value: unknown): unknown {
  if (Array.isArray(document)) {
    return document.map((item, index) =>
      String(index) !== key ? item : rest.length === 0 ? value : changed(item, rest, value),
    );
  }
  const entries = new Map(Object.entries(document ?? {}));
  entries.set(key, rest.length === 0 ? value : changed(entries.get(key), rest, value));
  return Object.fromEntries(entries);
}
