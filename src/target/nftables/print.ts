import type {
  BaseChainSpec,
  Chain,
  Command,
  CounterObject,
  ObjectDeclaration,
  Program,
  SetDeclaration,
  Table,
} from './ast.ts';
import { printDuration } from './print-duration.ts';
import { printElement, printExpression, printRule, quoted } from './print-rule.ts';

/** A program as nft's text, one construct a line: what `nft -f` loads and `parse` reads back. */
export function printProgram(program: Program): string {
  return program.commands.map((command) => `${printCommand(command)}\n`).join('');
}

function printCommand(command: Command): string {
  switch (command.kind) {
    case 'delete-table':
      return `delete table ${command.family} ${command.name}`;
    case 'flush-table':
      return `flush table ${command.family} ${command.name}`;
    case 'flush-ruleset':
      return command.family === undefined ? 'flush ruleset' : `flush ruleset ${command.family}`;
    case 'table':
      return printTable(command.table);
    case 'delete-chain':
    case 'flush-chain':
      return `${words(command.kind)} ${command.family} ${command.table} ${command.chain}`;
    case 'rename-chain':
      return `rename chain ${command.family} ${command.table} ${command.chain} ${command.to}`;
    case 'create-set': {
      const { family, table, declaration } = command;
      return printSetBlock(`create ${setWord(declaration)} ${family} ${table} ${declaration.name}`, declaration);
    }
    case 'delete-set':
    case 'flush-set': {
      const verb = command.kind === 'delete-set' ? 'delete' : 'flush';
      return `${verb} ${command.isMap ? 'map' : 'set'} ${command.family} ${command.table} ${command.set}`;
    }
    case 'delete-object':
      return `delete ${command.type} ${command.family} ${command.table} ${command.name}`;
    case 'add-elements':
    case 'create-elements':
    case 'delete-elements': {
      const verb = command.kind.slice(0, -'-elements'.length);
      const elements = command.elements.map(printElement).join(', ');
      return `${verb} element ${command.family} ${command.table} ${command.set} { ${elements} }`;
    }
    case 'add-rule':
    case 'insert-rule':
    case 'replace-rule':
    case 'delete-rule': {
      const at = command.at === undefined ? '' : ` ${command.at.by} ${command.at.number}`;
      const rule = command.kind === 'delete-rule' ? '' : ` ${printRule(command.rule)}`;
      return `${words(command.kind)} ${command.family} ${command.table} ${command.chain}${at}${rule}`;
    }
  }
}

/** `add-rule` is the command `add rule`. */
function words(kind: string): string {
  return kind.replace('-', ' ');
}

function printTable(table: Table): string {
  const head = `table ${table.family} ${table.name}`;
  const counters = table.counters.length === 0 ? [] : [table.counters.map(printCounter).join('\n')];
  const dormant = table.dormant === 'yes' ? ['\tflags dormant'] : [];
  const objects = (table.objects ?? []).map(printObject);
  const parts = [...dormant, ...counters, ...objects, ...table.sets.map(printSet), ...table.chains.map(printChain)];
  return parts.length === 0 ? head : `${head} {\n${parts.join('\n\n')}\n}`;
}

function printCounter(counter: CounterObject): string {
  const comment = counter.comment === undefined ? '' : ` comment ${quoted(counter.comment)};`;
  return `\tcounter ${counter.name} {${comment} }`;
}

/** What an object holds is not kept: this is for people to read, and nothing that we write has any. */
function printObject(object: ObjectDeclaration): string {
  return `\t${object.type} ${object.name} { }`;
}

function printSet(set: SetDeclaration): string {
  return printSetBlock(`\t${setWord(set)} ${set.name}`, set);
}

function setWord(set: SetDeclaration): 'set' | 'map' {
  return set.data === undefined ? 'set' : 'map';
}

function printSetBlock(head: string, set: SetDeclaration): string {
  const data = set.data === undefined ? '' : ` : ${set.data}`;
  const key =
    set.key.kind === 'type' ? `type ${set.key.parts.join(' . ')}` : `typeof ${printExpression(set.key.expression)}`;
  const lines = [`${key}${data}`];
  if (set.size !== undefined) lines.push(`size ${set.size}`);
  if (set.flags.length > 0) lines.push(`flags ${set.flags.join(',')}`);
  if (set.timeout !== undefined) lines.push(`timeout ${printDuration(set.timeout)}`);
  if (set.comment !== undefined) lines.push(`comment ${quoted(set.comment)}`);
  if (set.elements.length > 0) {
    lines.push(`elements = {\n${set.elements.map((each) => `\t\t\t${printElement(each)}`).join(',\n')}\n\t\t}`);
  }
  return block(head, lines);
}

function printChain(chain: Chain): string {
  const comment = chain.comment === undefined ? [] : [`comment ${quoted(chain.comment)}`];
  const base = chain.base === undefined ? [] : [printBase(chain.base)];
  return block(`\tchain ${chain.name}`, [...base, ...comment, ...chain.rules.map(printRule)]);
}

function printBase(base: BaseChainSpec): string {
  const devices = base.devices === undefined ? '' : ` devices = { ${base.devices.map(quoted).join(', ')} }`;
  return `type ${base.type} hook ${base.hook}${devices} priority ${printPriority(base.priority)}; policy ${base.policy};`;
}

/** Around 0, which nft calls `filter` for the families that we write. */
function printPriority(priority: number): string {
  if (priority === 0) return 'filter';
  if (Math.abs(priority) > 10) return String(priority);
  return priority < 0 ? `filter - ${-priority}` : `filter + ${priority}`;
}

function block(head: string, lines: readonly string[]): string {
  const indent = head.startsWith('\t') ? '\t' : '';
  return [`${head} {`, ...lines.map((line) => `${indent}\t${line}`), `${indent}}`].join('\n');
}
