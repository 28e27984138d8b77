import type { Span } from '../../source/index.ts';
import type { Chain, Command, Program, Rule, RulePlace, RulesCommand, SetDeclaration, Table } from './ast.ts';
import { nameBlocks } from './blocks.ts';
import { printExpression } from './print-rule.ts';

/** What stands after all commands, and why the kernel would refuse some: they name what is not there, or create what is. */
export interface FinalProgram {
  readonly tables: readonly Table[];
  readonly missing: readonly Named[];
  readonly taken: readonly Named[];
}

interface Named {
  readonly what: string; // `chain`, `rule`, ...
  readonly name: string;
  readonly span: Span | undefined;
}

const finals = new WeakMap<Program, FinalProgram>();

/** The tables as a kernel that was empty before would hold them. */
export function finalProgram(program: Program): FinalProgram {
  let final = finals.get(program);
  if (final === undefined) {
    const state = new State();
    for (const command of program.commands) state.run(command);
    final = { tables: state.tables(), missing: state.missing, taken: state.taken };
    finals.set(program, final);
  }
  return final;
}

/** A table that commands still change. */
interface OpenTable {
  readonly base: Table;
  readonly sets: Map<string, SetDeclaration>;
  readonly chains: Map<string, OpenChain>;
}

interface OpenChain {
  readonly chain: Chain;
  readonly rules: Rule[];
}

class State {
  readonly missing: Named[] = [];
  readonly taken: Named[] = [];
  #tables = new Map<string, OpenTable>();

  tables(): Table[] {
    return [...this.#tables.values()].map(({ base, sets, chains }) => ({
      ...base,
      sets: [...sets.values()],
      chains: nameBlocks([...chains.values()].map(({ chain, rules }) => ({ ...chain, rules }))),
    }));
  }

  run(command: Command): void {
    const known = this.missing.length;
    this.#apply(command);
    if (command.lenient === true) this.missing.length = known;
  }

  #apply(command: Command): void {
    switch (command.kind) {
      case 'table':
        this.#add(command.table, command.partly === true);
        break;
      case 'delete-table':
        this.#tables.delete(tableKey(command.family, command.name)); // files that replace a table often begin so
        break;
      case 'flush-ruleset':
        for (const [key, { base }] of [...this.#tables]) {
          if (command.family === undefined || command.family === base.family) this.#tables.delete(key);
        }
        break;
      case 'flush-table':
        for (const chain of this.#table(command.family, command.name, command.span)?.chains.values() ?? [])
          chain.rules.length = 0;
        break;
      case 'delete-object': {
        const key = tableKey(command.family, command.table);
        const table = this.#table(command.family, command.table, command.span);
        if (table === undefined) break;
        const base = withoutObject(table.base, command);
        if (base === undefined) this.missing.push({ what: command.type, name: command.name, span: command.span });
        else this.#tables.set(key, { ...table, base });
        break;
      }
      case 'create-set': {
        const sets = this.#table(command.family, command.table, command.span)?.sets;
        const { declaration } = command;
        if (sets?.has(declaration.name)) this.taken.push({ what: 'set', name: declaration.name, span: command.span });
        else sets?.set(declaration.name, declaration);
        break;
      }
      case 'delete-set':
      case 'flush-set':
      case 'add-elements':
      case 'create-elements':
      case 'delete-elements':
        this.#changeSet(command);
        break;
      case 'delete-chain':
        if (this.#chain(command) === undefined) break;
        this.#table(command.family, command.table, command.span)?.chains.delete(command.chain);
        break;
      case 'rename-chain': {
        const chains = this.#table(command.family, command.table, command.span)?.chains;
        const open = this.#chain(command);
        if (chains === undefined || open === undefined) break;
        chains.delete(command.chain);
        chains.set(command.to, { ...open, chain: { ...open.chain, name: command.to } });
        break;
      }
      case 'flush-chain':
      case 'add-rule':
      case 'insert-rule':
      case 'replace-rule':
      case 'delete-rule': {
        const open = this.#chain(command);
        if (open !== undefined) this.#changeRules(open.rules, command);
        break;
      }
    }
  }

  #add(table: Table, partly: boolean): void {
    const key = tableKey(table.family, table.name);
    let open = this.#tables.get(key);
    if (open === undefined) {
      open = { base: { ...table, sets: [], chains: [] }, sets: new Map(), chains: new Map() };
    } else {
      const { dormant: before, ...base } = open.base;
      const dormant = partly ? before : table.dormant; // a table that is added once more without its flag wakes up
      open = {
        ...open,
        base: {
          ...base,
          ...(dormant === undefined ? {} : { dormant }),
          counters: [...base.counters, ...table.counters],
          objects: [...(base.objects ?? []), ...(table.objects ?? [])],
        },
      };
    }
    this.#tables.set(key, open);
    for (const set of table.sets) {
      const before = open.sets.get(set.name);
      const elements = before === undefined ? set.elements : [...before.elements, ...set.elements];
      open.sets.set(set.name, { ...set, elements });
    }
    for (const chain of table.chains) {
      const before = open.chains.get(chain.name);
      if (before === undefined) open.chains.set(chain.name, { chain, rules: [...chain.rules] });
      else {
        for (const rule of chain.rules) before.rules.push(rule);
        open.chains.set(chain.name, { chain: { ...before.chain, ...chain }, rules: before.rules });
      }
    }
  }

  #changeSet(command: Extract<Command, { readonly set: string }>): void {
    const sets = this.#table(command.family, command.table, command.span)?.sets;
    const set = sets?.get(command.set);
    if (sets === undefined) return;
    if (set === undefined) {
      this.missing.push({ what: 'set or map', name: command.set, span: command.span });
      return;
    }
    switch (command.kind) {
      case 'delete-set':
        sets.delete(set.name);
        break;
      case 'flush-set':
        sets.set(set.name, { ...set, elements: [] });
        break;
      case 'create-elements':
      case 'add-elements':
        if (command.kind === 'create-elements') this.#expectNew(set, command);
        sets.set(set.name, { ...set, elements: [...set.elements, ...command.elements] });
        break;
      case 'delete-elements': {
        const held = new Set(set.elements.map((element) => keyText(element.key)));
        for (const { key } of command.elements) {
          const name = printExpression(key);
          if (!held.delete(keyText(key))) this.missing.push({ what: 'element', name, span: command.span });
        }
        sets.set(set.name, { ...set, elements: set.elements.filter((element) => held.has(keyText(element.key))) });
        break;
      }
    }
  }

  #expectNew(
    set: SetDeclaration,
    { elements, span }: { readonly elements: SetDeclaration['elements']; readonly span?: Span },
  ): void {
    const held = new Set(set.elements.map((element) => keyText(element.key)));
    const known = elements.find(({ key }) => held.has(keyText(key)));
    if (known !== undefined) this.taken.push({ what: 'element', name: printExpression(known.key), span });
  }

  #changeRules(rules: Rule[], command: RulesCommand): void {
    switch (command.kind) {
      case 'flush-chain':
        rules.length = 0;
        break;
      case 'add-rule':
        this.#place(rules, command, rules.length - 1, (index) => rules.splice(index + 1, 0, command.rule));
        break;
      case 'insert-rule':
        this.#place(rules, command, 0, (index) => rules.splice(index, 0, command.rule));
        break;
      case 'replace-rule':
        this.#place(rules, command, -1, (index) => rules.splice(index, 1, command.rule));
        break;
      case 'delete-rule':
        this.#place(rules, command, -1, (index) => rules.splice(index, 1));
        break;
    }
  }

  /** Does something at the place of a command; `otherwise` where it names none. */
  #place(
    rules: readonly Rule[],
    { at, span }: { readonly at?: RulePlace; readonly span?: Span },
    otherwise: number,
    change: (index: number) => void,
  ): void {
    const index = at === undefined ? otherwise : indexOf(rules, at);
    if (index !== undefined) change(index);
    else if (at !== undefined) this.missing.push({ what: 'rule', name: `${at.by} ${at.number}`, span });
  }

  #table(family: string, name: string, span: Span | undefined): OpenTable | undefined {
    const table = this.#tables.get(tableKey(family, name));
    if (table === undefined) this.missing.push({ what: 'table', name: tableKey(family, name), span });
    return table;
  }

  #chain(command: Extract<Command, { readonly chain: string }>): OpenChain | undefined {
    const table = this.#table(command.family, command.table, command.span);
    const chain = table?.chains.get(command.chain);
    if (table !== undefined && chain === undefined) {
      this.missing.push({ what: 'chain', name: command.chain, span: command.span });
    }
    return chain;
  }
}

function tableKey(family: string, name: string): string {
  return `${family} ${name}`;
}

/** `undefined` where there is no such object. */
function withoutObject(
  table: Table,
  { type, name }: { readonly type: string; readonly name: string },
): Table | undefined {
  const counters = type === 'counter' ? table.counters.filter((each) => each.name !== name) : table.counters;
  const objects = table.objects?.filter((each) => each.type !== type || each.name !== name);
  const isGone = counters.length < table.counters.length || (objects?.length ?? 0) < (table.objects?.length ?? 0);
  return isGone ? { ...table, counters, ...(objects === undefined ? {} : { objects }) } : undefined;
}

function indexOf(rules: readonly Rule[], place: RulePlace): number | undefined {
  if (place.by === 'index') return place.number < rules.length ? place.number : undefined;
  const index = rules.findIndex((rule) => rule.handle === place.number);
  return index === -1 ? undefined : index;
}

/** Equal exactly for equal keys: spans do not count. */
function keyText(key: unknown): string {
  return JSON.stringify(key, (name, value: unknown) =>
    name === 'span' ? undefined : typeof value === 'bigint' ? String(value) : value,
  );
}
