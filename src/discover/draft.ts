import type { Catalog } from '../catalog/index.ts';
import { type Diagnostic, type DiagnosticKind, diagnose } from '../diagnostic/index.ts';
import type { FlowBlock } from './flow-blocks.ts';
import type { MachineFacts } from './machine.ts';
import { flowName, uniqueName } from './names.ts';
import type { Discovery } from './openclaw.ts';

export interface ProposalInput {
  readonly discovery?: Discovery; // undefined: a policy for the machine alone
  readonly machine: MachineFacts;
  readonly catalog: Catalog;
  readonly agentAccount?: string; // named by the user
  readonly proxyAccount?: string; // named by the user
}

/** A zone, written where some flow names it. */
export interface ZoneBlock {
  readonly name: string;
  readonly comments: readonly string[];
  readonly lines: readonly string[]; // what stands below its name
}

/** Flows under one heading. */
export interface FlowSection {
  readonly title: string;
  readonly flows: readonly FlowBlock[];
}

/** A policy in the making. */
export class Draft {
  readonly input: ProposalInput;
  readonly zones = new Map<string, ZoneBlock>();
  readonly sections: FlowSection[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly #flowNames = new Set<string>();

  constructor(input: ProposalInput) {
    this.input = input;
  }

  /** @returns its name, for the flow that wants it. */
  zone(zone: ZoneBlock): string {
    this.zones.set(zone.name, zone);
    return zone.name;
  }

  /** Names of flows that are taken already get a number. */
  section(title: string, flows: readonly FlowBlock[]): void {
    if (flows.length === 0) return;
    const named = flows.map((flow) => {
      const name = uniqueName(flowName(flow.name), this.#flowNames);
      this.#flowNames.add(name);
      return { ...flow, name };
    });
    this.sections.push({ title, flows: named });
  }

  say<Arguments extends readonly unknown[]>(kind: DiagnosticKind<Arguments>, ...args: Arguments): void {
    this.diagnostics.push(diagnose(kind, undefined, ...args));
  }

  /** The flows that are not written as comments. */
  openFlows(): readonly FlowBlock[] {
    return this.sections.flatMap(({ flows }) => flows.filter(({ offered }) => offered === undefined));
  }
}
