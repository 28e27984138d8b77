import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { documentOf, portcullis } from './cli.ts';

export const CORPUS = new URL('../corpus/docker/', import.meta.url);
export const COMPOSE = readFileSync(new URL('openclaw-compose.yaml', CORPUS), 'utf8');
export const OPENCLAW = readFileSync(new URL('openclaw-policy.yaml', CORPUS), 'utf8');

export const OPERATORS = '10.0.5.0/24';

export function compose(service: string, more = ''): string {
  return `services:\n  web:\n    image: web\n${service.replaceAll(/^/gm, '    ')}\n${more}`;
}

export function policy(flows: readonly string[], zones = '  web: { docker: { service: web } }'): string {
  const lines = flows.map((flow, index) => `  - { name: f${index}, ${flow}, purpose: test }\n`);
  return `portcullis: 1\nname: p\nzones:\n${zones}\nflows:\n${lines.join('')}`;
}

export async function renderDocker(policyText: string, composeText: string | undefined, ...more: readonly string[]) {
  const files = {
    'portcullis.yaml': policyText,
    ...(composeText === undefined ? {} : { 'a/compose.yml': composeText }),
  };
  const given = composeText === undefined ? [] : ['--docker', 'a/compose.yml'];
  return portcullis(['render', 'docker', '--json', ...given, ...more], { files });
}

/** The override as data: what `!override` does is tested where it is read. */
export async function override(policyText: string, composeText: string, ...more: readonly string[]) {
  const ran = await renderDocker(policyText, composeText, ...more);
  assert.equal(ran.exitCode, 0, ran.stdout);
  const { artifacts, diagnostics } = documentOf(ran, 'render');
  assert.ok(Array.isArray(artifacts) && Array.isArray(diagnostics));
  const file = artifacts.find(({ name }) => name === 'compose.portcullis.yaml');
  const script = artifacts.find(({ name }) => name === 'docker-networks.sh');
  const codes = diagnostics.map(({ code }) => String(code));
  return { file: parse(file?.text ?? '', { logLevel: 'silent' }), script: String(script?.text ?? ''), codes };
}
