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
    name: 'plan',
    summary: 'what a policy would change on this machine, and whether you could still log in',
    load: async () => (await import('./plan.ts')).planCommand,
  },
  {
    name: 'apply',
    summary: 'enforce a policy on this machine; it reverts by itself unless confirmed',
    load: async () => (await import('./apply.ts')).applyCommand,
  },
  {
    name: 'confirm',
    summary: 'make the change that is on trial permanent',
    load: async () => (await import('./confirm.ts')).confirmCommand,
  },
  {
    name: 'rollback',
    summary: 'take the change on trial back, or go back to an earlier one',
    load: async () => (await import('./rollback.ts')).rollbackCommand,
  },
  {
    name: 'status',
    summary: 'what is enforced on this machine, since when, and what other tables could still stop',
    load: async () => (await import('./status.ts')).statusCommand,
  },
  {
    name: 'drift',
    summary: 'whether this machine still enforces what was confirmed, or what a policy says',
    load: async () => (await import('./drift.ts')).driftCommand,
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
    name: 'drill',
    summary: 'rehearse lock-out, rollback and restart, in a private network',
    load: async () => (await import('./drill.ts')).drillCommand,
  },
  {
    name: 'demo',
    summary: 'see it work in a private network, on real packets, touching nothing',
    load: async () => (await import('./demo.ts')).demoCommand,
  },
  {
    name: 'docker',
    summary: 'containers under the policy, as they come and go',
    load: async () => (await import('./docker.ts')).dockerCommand,
  },
  {
    name: 'node',
    summary: 'a policy on the nodes of a cluster, on trial until a node is well under it',
    load: async () => (await import('./node.ts')).nodeCommand,
  },
  {
    name: 'gateway',
    summary: 'the egress gateway, which enforces names',
    load: async () => (await import('./gateway.ts')).gatewayCommand,
  },
  {
    name: 'requests',
    summary: 'what agents asked the gateway for in vain, to allow for a while or to refuse',
    load: async () => (await import('./requests.ts')).requestsCommand,
  },
  {
    name: 'completion',
    summary: 'completion for bash, zsh and fish',
    load: async () => (await import('./completion.ts')).completionCommand,
  },
];
