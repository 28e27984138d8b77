import type { Command } from 'commander';
import type { Console } from '../console.ts';

/** A command of the program, loaded only when it is wanted, so that the others start fast. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string; // its line in `portcullis --help`
  readonly load: () => Promise<(console: Console) => Command>;
}

/** In the order of a first acquaintance; the help and the reference page keep it. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'look at OpenClaw and at this machine, and write the policy they need',
    load: async () => (await import('./init.ts')).initCommand,
  },
  {
    name: 'check',
    summary: 'find what is wrong with a policy and prove its tests',
    load: async () => (await import('./check.ts')).checkCommand,
  },
  {
    name: 'render',
    summary: "print a firewall's configuration, proven equal to the policy",
    load: async () => (await import('./render.ts')).renderCommand,
  },
  {
    name: 'explain',
    summary: 'the policy in plain words',
    load: async () => (await import('./explain.ts')).explainCommand,
  },
  {
    name: 'why',
    summary: 'the verdict on a flow, and the rules that lead to it',
    load: async () => (await import('./why.ts')).whyCommand,
  },
  {
    name: 'reach',
    summary: 'who can reach whom on what',
    load: async () => (await import('./reach.ts')).reachCommand,
  },
  {
    name: 'matrix',
    summary: 'the address space split by who may use a service',
    load: async () => (await import('./matrix.ts')).matrixCommand,
  },
  {
    name: 'diff',
    summary: 'what one policy or firewall lets through that another does not',
    load: async () => (await import('./diff.ts')).diffCommand,
  },
  {
    name: 'import',
    summary: 'a policy from a firewall that is there, proven equal',
    load: async () => (await import('./import.ts')).importCommand,
  },
  {
    name: 'audit',
    summary: 'what is wrong with a policy or a firewall, worst first',
    load: async () => (await import('./audit.ts')).auditCommand,
  },
  {
    name: 'test',
    summary: 'prove the tests, ask about every flow, and with --lab send real packets',
    load: async () => (await import('./test.ts')).testCommand,
  },
  {
    name: 'demo',
    summary: 'see it work in a private network, on real packets, touching nothing',
    load: async () => (await import('./demo.ts')).demoCommand,
  },
  {
    name: 'completion',
    summary: 'completion for bash, zsh and fish',
    load: async () => (await import('./completion.ts')).completionCommand,
  },
];
