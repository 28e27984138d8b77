import { type Diagnostic, hasErrors } from '../diagnostic/index.ts';
import type { Intent, Ruleset } from '../ir/index.ts';
import type { Address, Family } from '../net/index.ts';
import type { SourceFile } from '../source/index.ts';
import {
  asOf,
  LOCKDOWN_TABLE,
  nameSet,
  type Opaque,
  type Program,
  type Standing,
  standing,
  TABLE_NAME,
} from '../target/index.ts';
import { TARGETS } from '../target/registry.ts';

/** Rules that decide on a machine, and what of their text is not understood. */
export interface HostRules {
  readonly ruleset: Ruleset;
  readonly opaque: readonly Opaque[];
}

/** Whether a table, as a lifted ruleset names it (`inet filter`), is ours to change. */
export function isOurs(table: string): boolean {
  return table === `inet ${TABLE_NAME}` || table === `inet ${LOCKDOWN_TABLE}`;
}

/** Which rules of ours packets meet: those on trial, or those that stood before and come back when the trial ends. */
export type TrialSide = 'on-trial' | 'standing';

/** The side that packets meet at the time of the listing. */
export function sideNow(listing: HostListing): TrialSide {
  return listing.standing().kind === 'trial' ? 'on-trial' : 'standing';
}

/** All that the kernel's packet filter holds on one machine, as it was listed. */
export class HostListing {
  readonly #program: Program;
  readonly #unread: readonly Opaque[];

  private constructor(program: Program, unread: readonly Opaque[]) {
    this.#program = program;
    this.#unread = unread;
  }

  /**
   * @param files text or JSON of `nft list ruleset`; several are one listing
   * @param unread rules that decide beside these, and that no reader understands (those of iptables-legacy)
   */
  static read(
    files: readonly SourceFile[],
    unread: readonly Opaque[] = [],
  ): {
    readonly listing: HostListing | undefined; // undefined where there are errors
    readonly diagnostics: readonly Diagnostic[];
  } {
    const { ast, diagnostics } = TARGETS.nftables.parse(files);
    const listing = ast === undefined || hasErrors(diagnostics) ? undefined : new HostListing(ast, unread);
    return { listing, diagnostics };
  }

  /** Our table as it would be for a policy. */
  static of(intent: Intent): HostListing {
    return new HostListing(TARGETS.nftables.lower(intent).ast, []);
  }

  /** What stands of ours, told from names alone. */
  standing(): Standing {
    return standing(this.#program);
  }

  /** Names of the tables that are not ours, as a lifted ruleset has them. */
  otherTables(): ReadonlySet<string> {
    const tables = new Set<string>();
    for (const command of this.#program.commands) {
      if (command.kind === 'table') tables.add(`${command.table.family} ${command.table.name}`);
      if (command.kind === 'delete-table') tables.delete(`${command.family} ${command.name}`);
    }
    return new Set([...tables].filter((name) => !isOurs(name)));
  }

  /** What decides now. */
  rules(side: TrialSide): HostRules {
    return this.#lifted(this.#program.commands, side);
  }

  /** Our tables alone, as if there were no others. */
  ours(side: TrialSide): HostRules {
    return lift(this.#own(), side);
  }

  /** What would decide with our tables as in another listing (`undefined`: with none of ours), all others as here. */
  withOurs(ours: HostListing | undefined, side: TrialSide = 'standing'): HostRules {
    const others = this.#program.commands.filter((command) => !isOwn(command));
    return this.#lifted([...others, ...(ours === undefined ? [] : ours.#own())], side);
  }

  #lifted(commands: Program['commands'], side: TrialSide): HostRules {
    const { ruleset, opaque } = lift(commands, side);
    return { ruleset, opaque: [...opaque, ...this.#unread] };
  }

  #own(): Program['commands'] {
    return this.#program.commands.filter(isOwn);
  }

  /** Whether an address is held now for a group of names: what was learnt survives a change. */
  holds(group: string, { family, value }: Address): boolean {
    return this.#namesHeld(nameSet(group, family), family).has(value);
  }

  readonly #held = new Map<string, ReadonlySet<bigint>>();

  #namesHeld(set: string, family: Family): ReadonlySet<bigint> {
    let held = this.#held.get(set);
    if (held === undefined) {
      held = new Set(this.#elements(set).flatMap((key) => (key.family === family ? [key.value] : [])));
      this.#held.set(set, held);
    }
    return held;
  }

  #elements(name: string): Address[] {
    const elements = this.#program.commands.flatMap((command) => {
      if (command.kind === 'table' && isOurs(`${command.table.family} ${command.table.name}`))
        return command.table.sets.filter((set) => set.name === name).flatMap((set) => set.elements);
      if (command.kind === 'add-elements' && command.set === name && isOurs(`${command.family} ${command.table}`))
        return command.elements;
      return [];
    });
    return elements.flatMap(({ key }) => (key.kind === 'address' ? [key.address] : []));
  }
}

/** Whether a command says something of our tables. */
function isOwn(command: Program['commands'][number]): boolean {
  switch (command.kind) {
    case 'table':
      return isOurs(`${command.table.family} ${command.table.name}`);
    case 'delete-table':
    case 'flush-table':
      return isOurs(`${command.family} ${command.name}`);
    case 'flush-ruleset':
      return false;
    default:
      return isOurs(`${command.family} ${command.table}`);
  }
}

/** With no connection remembered from before: what lives on is no rule. */
function lift(commands: Program['commands'], side: TrialSide): HostRules {
  const trial = side === 'on-trial' ? 'running' : 'over';
  return TARGETS.nftables.lift(asOf({ commands }, { trial, alive: 'gone' }));
}
