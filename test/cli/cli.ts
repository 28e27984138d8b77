import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import pico from 'picocolors';
import { type Console, EXIT } from '../../src/cli/console.ts';
import { run } from '../../src/cli/program.ts';

/** What a command did. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Situation {
  readonly files?: Readonly<Record<string, string>>; // in the folder that the command runs in
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly today?: string;
}

/** Runs one command line in this process, in a folder of its own that is gone afterwards. */
export async function portcullis(args: readonly string[], situation: Situation = {}): Promise<Ran> {
  return inFolder(situation.files ?? {}, (folder) => portcullisIn(folder, args, situation));
}

export async function inFolder<T>(
  files: Readonly<Record<string, string>>,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-cli-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export async function portcullisIn(folder: string, args: readonly string[], situation: Situation = {}): Promise<Ran> {
  return withConsole(folder, situation, (console) => run(args, console));
}

/** What some work writes to a console in a folder, and how it ends. */
export async function withConsole(
  folder: string,
  situation: Situation,
  work: (console: Console) => Promise<void>,
): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const output = (stream: 'stdout' | 'stderr') => ({
    write: (text: string): void => {
      written[stream] += text;
    },
    writeBytes: (utf8: Uint8Array): boolean => {
      written[stream] += Buffer.from(utf8).toString();
      return true;
    },
    isTerminal: false,
    width: 100,
    colors: pico.createColors(false),
  });
  const stdin = situation.stdin ?? '';
  const console: Console = {
    stdout: output('stdout'),
    stderr: output('stderr'),
    readStdin: async () => (typeof stdin === 'string' ? new TextEncoder().encode(stdin) : stdin),
    env: situation.env ?? {},
    cwd: folder,
    today: situation.today ?? '2026-11-22',
    exitCode: EXIT.holds,
  };
  await work(console);
  return { exitCode: console.exitCode, ...written };
}

const schemas = new Map<string, ValidateFunction>();

/** The one document on standard output, held against schema/NAME.json. */
export function documentOf(ran: Ran, name: string): Readonly<Record<string, unknown>> {
  const document: unknown = JSON.parse(ran.stdout);
  assertSchema(document, name);
  assert.ok(typeof document === 'object' && document !== null);
  return { ...document };
}

export function assertSchema(document: unknown, name: string): void {
  let validate = schemas.get(name);
  if (validate === undefined) {
    const text = readFileSync(new URL(`../../schema/${name}.json`, import.meta.url), 'utf8');
    validate = new Ajv2020({ strict: true, allErrors: true }).compile(JSON.parse(text));
    schemas.set(name, validate);
  }
  assert.ok(validate(document), `${name}: ${JSON.stringify(validate.errors, undefined, 1)}`);
}

/** A policy that is small and has one of everything; the account is given by its number, so that no machine matters. */
export const POLICY = `portcullis: 1
name: small
zones:
  agent: { host: { users: [998] } }
  bastion: { addresses: [10.0.5.10, "2001:db8:5::10"] }
  cluster: { kubernetes: { namespace: agents } }
  backend: { domains: [backend.example.com] }
flows:
  - { name: ssh, from: bastion, to: host, service: ssh, purpose: maintenance, rate: 6/minute per source }
  - { name: report, from: agent, to: backend, service: https }
  - { name: resolver, from: agent, to: 9.9.9.9, service: dns }
  - { name: metrics, from: cluster, to: host, service: tcp/9090 }
tests:
  - { from: agent, allow: ["backend.example.com:443/tcp"], deny: ["198.51.100.7:443/tcp", "[2001:db8::7]:443/tcp"] }
  - { from: internet, to: host, deny: ["tcp/1-65535"] }
`;
