import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Console, ExitCode } from '../../src/cli/console.ts';
import type { LiveHost } from '../../src/cli/live/host.ts';
import { reportDiagnostics, Stop } from '../../src/cli/report.ts';
import type { Connection, HostSnapshot, RequestKind, Requests } from '../../src/enforcer/protocol.ts';
import { machineAt } from '../../src/host/index.ts';
import { inFolder, type Ran, withConsole } from './cli.ts';

/** What was asked of the part that runs as root. */
export interface Asked {
  readonly kind: RequestKind;
  readonly ask: object;
}

type Answers = { readonly [K in RequestKind]?: Requests[K]['answer'] };

/** A machine that answers what it was given, and remembers what it was asked. */
function fakeHost(answers: Answers, root: string, asked: Asked[] = []): LiveHost {
  return {
    machine: machineAt(root),
    person: { name: 'alice' },
    ask: async (kind, ask) => {
      asked.push({ kind, ask });
      const answer: Answers[typeof kind] = answers[kind];
      if (answer === undefined) throw new Error(`nobody expected \`${kind}\``);
      return answer;
    },
  };
}

const NOTHING: HostSnapshot = {
  ruleset: '{"nftables": []}',
  terse: '',
  trialHolder: 'kernel',
  iptables: [],
  connections: [],
  listeners: [{ family: 4, protocol: 6, address: '0.0.0.0', port: 22, uid: 0, program: 'sshd' }],
  sessions: [],
  addresses: ['10.0.0.5/24 eth0', '2001:db8::5/64 eth0', '127.0.0.1/8 lo'],
  state: { history: [], boot: { mechanism: 'none', enabled: false, detail: '' }, problems: [] },
  limits: [],
};

export function snapshot(more: Partial<HostSnapshot>): HostSnapshot {
  return { ...NOTHING, ...more };
}

export function tcp(
  src: string,
  sport: number,
  dst: string,
  dport: number,
  more: Partial<Connection> = {},
): Connection {
  const family = src.includes('.') ? 4 : 6;
  return { family, protocol: 6, src, sport, dst, dport, hook: 'input', tracked: true, interface: 'eth0', ...more };
}

/** Runs the work of a command on such a machine. */
export async function onHost(
  answers: Answers,
  files: Readonly<Record<string, string>>,
  work: (console: Console, host: LiveHost) => Promise<ExitCode>,
  machineFiles: Readonly<Record<string, string>> = {},
): Promise<Ran & { readonly asked: readonly Asked[] }> {
  const root = mkdtempSync(join(tmpdir(), 'portcullis-host-'));
  const asked: Asked[] = [];
  try {
    for (const [path, text] of Object.entries(machineFiles)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const ran = await inFolder(files, (folder) =>
      withConsole(folder, {}, async (console) => {
        try {
          console.exitCode = await work(console, fakeHost(answers, root, asked));
        } catch (error) {
          if (!(error instanceof Stop)) throw error;
          reportDiagnostics(console, error.diagnostics);
          console.exitCode = error.exitCode;
        }
      }),
    );
    return { ...ran, asked };
  } finally {
    rmSync(root, { recursive: true });
  }
}
