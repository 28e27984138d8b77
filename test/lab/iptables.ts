import assert from 'node:assert/strict';
import type { LabRules } from '../../src/cli/lab/run.ts';
import { findProgram, type Lab } from '../../src/host/index.ts';
import { formatAddress } from '../../src/net/index.ts';
import type { Artifact } from '../../src/target/index.ts';
import { nameSet } from '../../src/target/iptables/index.ts';
import { hooksFile, IPSET_FILE } from '../../src/target/iptables/print.ts';

export const BACKENDS = ['nft', 'legacy'] as const;
export type Backend = (typeof BACKENDS)[number];

const PROGRAMS = BACKENDS.flatMap((backend) => [`iptables-${backend}-restore`, `ip6tables-${backend}-restore`]);

/** Why rules of iptables cannot be loaded here, in a sentence that a skip states. */
export function iptablesMissing(): string | undefined {
  const missing = [...PROGRAMS, 'ipset'].filter((name) => findProgram(name) === undefined);
  return missing.length === 0
    ? undefined
    : `SKIPPED, nothing was loaded: ${missing.join(', ')} missing; install iptables and ipset`;
}

/** Runs a program of iptables on the lab's host, with a lock of its own: that of iptables-legacy is one for the whole machine. */
export async function runXtables(lab: Lab, program: string, args: readonly string[], input?: string): Promise<string> {
  return lab.onHost('env', [`XTABLES_LOCKFILE=/tmp/portcullis-lab-${process.pid}.lock`, program, ...args], input);
}

/** Loads what was written, as the first lines of the files say. */
export async function loadFiles(lab: Lab, backend: Backend, files: readonly Artifact[]): Promise<void> {
  for (const { name, text } of files) await loadFile(lab, backend, name, text);
}

/** The chains alone, without the hooks: what stands is replaced. */
export async function reloadFiles(lab: Lab, backend: Backend, files: readonly Artifact[]): Promise<void> {
  await loadFiles(
    lab,
    backend,
    files.filter(({ name }) => name !== hooksFile(4) && name !== hooksFile(6)),
  );
}

async function loadFile(lab: Lab, backend: Backend, name: string, text: string): Promise<void> {
  if (name === IPSET_FILE) {
    await lab.onHost('ipset', ['restore'], text);
    return;
  }
  const [family] = /^ip6?tables/.exec(name) ?? assert.fail(name);
  await runXtables(lab, `${family}-${backend}-restore`, ['--noflush'], text);
}

/** What the programs say stands. */
export async function savedFiles(lab: Lab, backend: Backend): Promise<Artifact[]> {
  return [
    { name: 'saved.v4', text: await runXtables(lab, `iptables-${backend}-save`, ['-t', 'filter']) },
    { name: 'saved.v6', text: await runXtables(lab, `ip6tables-${backend}-save`, ['-t', 'filter']) },
    { name: 'saved.sets', text: await lab.onHost('ipset', ['save']) },
  ];
}

/** Rules in iptables' language, for a lab. */
export function iptablesRules(backend: Backend, files: readonly Artifact[]): LabRules {
  return {
    load: (lab) => loadFiles(lab, backend, files),
    fill: async (lab, resolved) => {
      const known = new Set((await lab.onHost('ipset', ['list', '-n'])).split('\n'));
      const lines = resolved.flatMap(({ groups, address }) =>
        groups
          .map((group) => nameSet(group, address.family))
          .filter((set) => known.has(set))
          .map((set) => `add ${set} ${formatAddress(address)} timeout 300 -exist\n`),
      );
      await lab.onHost('ipset', ['restore'], lines.join(''));
    },
  };
}
