import { type Diagnostic, hasErrors } from '../diagnostic/index.ts';
import type { Intent, Ruleset } from '../ir/index.ts';
import type { Address, Family } from '../net/index.ts';
import type { SourceFile } from '../source/index.ts';
import {
  asOf,
  followed,
  type IptablesProgram,
  type IptablesStanding,
  iptablesStanding,
  isOwnIptables,
  type Lifted,
  LOCKDOWN_TABLE,
  liftHost,
  liftOwn,
  misledHook,
  nameSet,
  type Opaque,
  type Program,
  type Standing,
  standing,
  standsApart,
  TABLE_NAME,
  withContainersOf,
  withoutOwn,
  withoutOwnChains,
} from '../target/index.ts';
import { TARGETS } from '../target/registry.ts';

/** Rules that decide on a machine, and what of their text is not understood. */
export interface HostRules {
  readonly ruleset: Ruleset;
  readonly opaque: readonly Opaque[];
}

/** Whether a table, as a lifted ruleset names it (`inet filter`), is ours to change. */
export function isOurs(table: string): boolean {
  return table === `inet ${TABLE_NAME}` || table === `inet ${LOCKDOWN_TABLE}` || isOwnIptables(table);
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
  readonly #beside: IptablesProgram; // where ours are nftables': what iptables has saved, of either kind
  readonly #iptables: IptablesProgram | undefined; // where ours are its own: the same

  private constructor(program: Program, beside: IptablesProgram, iptables?: IptablesProgram) {
    this.#program = program;
    this.#beside = beside;
    this.#iptables = iptables;
  }

  /** By what the rules of ours are kept that are meant here. */
  get mechanism(): 'nftables' | 'iptables' {
    return this.#iptables === undefined ? 'nftables' : 'iptables';
  }

  /**
   * @param files text or JSON of `nft list ruleset`; several are one listing
   * @param saved `iptables-save`, `ip6tables-save` and `ipset save`: of tables that nft does not list (iptables-legacy), or not in full
   */
  static read(files: readonly SourceFile[], saved: readonly SourceFile[] = []): Reading {
    return reading(files, saved, (first, second) => new HostListing(first, second));
  }

  /**
   * A machine whose rules of ours are kept by iptables, beside whatever it has in nftables.
   * @param saved `iptables-save`, `ip6tables-save` and `ipset save`
   */
  static readIptables(files: readonly SourceFile[], saved: readonly SourceFile[]): Reading {
    return reading(files, saved, (first, second) => new HostListing(first, NONE_SAVED, second));
  }

  /** Our rules alone, as iptables holds them. */
  static ofIptables(program: IptablesProgram): HostListing {
    return new HostListing(NOTHING, NONE_SAVED, program);
  }

  /** Our rules as they would be for a policy. */
  static of(intent: Intent, mechanism: HostListing['mechanism'] = 'nftables'): HostListing {
    return mechanism === 'nftables'
      ? new HostListing(TARGETS.nftables.lower(intent).ast, NONE_SAVED)
      : new HostListing(NOTHING, NONE_SAVED, TARGETS.iptables.lower(intent).ast);
  }

  /** The same with those in our zones of containers who are there in another listing: who that is, is no part of what was confirmed. */
  withContainersOf(other: HostListing): HostListing {
    return new HostListing(withContainersOf(this.#program, other.#program), this.#beside, this.#iptables);
  }

  /** What stands of ours, told from names alone. */
  standing(): Standing | IptablesStanding {
    return this.#iptables === undefined ? this.standingOfNft() : this.standingOfIptables();
  }

  standingOfNft(): Standing {
    return standing(this.#program);
  }

  /** Of what iptables has saved, our chains and what is hooked to them. */
  ownIptables(): IptablesProgram {
    return this.#iptables ?? NONE_SAVED;
  }

  /** A built-in chain that does not lead to ours first of all. */
  misledHook(): { readonly family: 4 | 6; readonly builtin: string } | undefined {
    return misledHook(this.ownIptables());
  }

  standingOfIptables(): IptablesStanding {
    return iptablesStanding(this.#iptables ?? NONE_SAVED);
  }

  /** Names of the tables that are not ours, as a lifted ruleset has them. */
  otherTables(): ReadonlySet<string> {
    const tables = new Set<string>();
    for (const command of this.#program.commands) {
      if (command.kind === 'table') tables.add(`${command.table.family} ${command.table.name}`);
      if (command.kind === 'delete-table') tables.delete(`${command.family} ${command.name}`);
    }
    for (const { family, name, backend } of (this.#iptables ?? this.#beside).tables) {
      tables.add(`${family === 4 ? 'ip' : 'ip6'} ${name}${backend === 'legacy' ? ' (legacy)' : ''}`);
    }
    return new Set([...tables].filter((name) => !isOurs(name)));
  }

  /** What decides now. */
  rules(side: TrialSide): HostRules {
    return this.#iptables === undefined ? this.#lifted(this.#program.commands, side) : this.#with(this, side);
  }

  /** Our tables alone, as if there were no others. */
  ours(side: TrialSide): HostRules {
    return this.#iptables === undefined ? lift(this.#own(), side) : liftOwn(this.#iptables, side);
  }

  /** What would decide with our tables as in another listing (`undefined`: with none of ours), all others as here. */
  withOurs(ours: HostListing | undefined, side: TrialSide = 'standing'): HostRules {
    if (this.#iptables !== undefined) return this.#with(ours, side);
    const others = this.#program.commands.filter((command) => !isOwn(command));
    return this.#lifted([...others, ...(ours === undefined ? [] : ours.#own())], side);
  }

  /** Ours stand before the tables that they are hooked into, as far as that is what they mean. */
  #with(ours: HostListing | undefined, side: TrialSide): HostRules {
    const saved = this.#iptables ?? NONE_SAVED;
    const others: Program = { commands: this.#program.commands.filter((command) => !isOwn(command)) };
    if (ours === this && !standsApart(saved)) return liftHost(withoutIptables(others), followed(saved, side));
    const around: Lifted = standsApart(saved)
      ? liftHost(others, saved)
      : liftHost(withoutIptables(others), withoutOwn(saved));
    const own = ours?.ours(side);
    return {
      ruleset: {
        layer: 'iptables',
        tables: [...(own?.ruleset.tables ?? []), ...withoutOwnChains(around.ruleset).tables],
      },
      opaque: [...(own?.opaque ?? []), ...around.opaque.filter(({ text }) => !isOwnLine(text))],
    };
  }

  #lifted(commands: Program['commands'], side: TrialSide): HostRules {
    const { tables, sets } = this.#beside;
    return tables.length + sets.length === 0 ? lift(commands, side) : liftHost(atTime(commands, side), this.#beside);
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

const NOTHING: Program = { commands: [] };
const NONE_SAVED: IptablesProgram = { tables: [], sets: [] };

interface Reading {
  readonly listing: HostListing | undefined; // undefined where there are errors
  readonly diagnostics: readonly Diagnostic[];
}

function reading(
  files: readonly SourceFile[],
  saved: readonly SourceFile[],
  made: (first: Program, second: IptablesProgram) => HostListing,
): Reading {
  const first = TARGETS.nftables.parse(files);
  const second = TARGETS.iptables.parse(saved);
  const diagnostics = [...first.diagnostics, ...second.diagnostics];
  const isRead = first.ast !== undefined && second.ast !== undefined && !hasErrors(diagnostics);
  return { listing: isRead ? made(first.ast, second.ast) : undefined, diagnostics };
}

/** What is not understood of ours is told where ours are read by themselves. */
function isOwnLine(text: string): boolean {
  return /^-A (?:PORTCULLIS-|PC-)/.test(text);
}

/** Tables of nft that iptables-nft has made, and that are read as iptables saves them. */
function withoutIptables({ commands }: Program): Program {
  return {
    commands: commands.filter(
      (command) =>
        command.kind !== 'table' ||
        !(['ip', 'ip6'].includes(command.table.family) && IPTABLES_TABLES.includes(command.table.name)),
    ),
  };
}

const IPTABLES_TABLES: readonly string[] = ['raw', 'mangle', 'nat', 'filter', 'security'];

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

function lift(commands: Program['commands'], side: TrialSide): HostRules {
  return TARGETS.nftables.lift(atTime(commands, side));
}

/** With no connection remembered from before: what lives on is no rule. */
function atTime(commands: Program['commands'], side: TrialSide): Program {
  return asOf({ commands }, { trial: side === 'on-trial' ? 'running' : 'over', alive: 'gone' });
}
