import { formatAddress } from '../../net/index.ts';
import type {
  BaseChainSpec,
  Chain,
  Command,
  CounterObject,
  Element,
  Expression,
  Program,
  Rule,
  SetDeclaration,
  Statement,
  Table,
  VerdictExpression,
} from './ast.ts';
import { implicitOperator } from './operator.ts';

/** A program as nft's text, one construct a line: what `nft -f` loads and `parse` reads back. */
export function printProgram(program: Program): string {
  return program.commands.map((command) => `${printCommand(command)}\n`).join('');
}

function printCommand(command: Command): string {
  switch (command.kind) {
    case 'delete-table':
      return `delete table ${command.family} ${command.name}`;
    case 'table':
      return printTable(command.table);
  }
}

function printTable(table: Table): string {
  const head = `table ${table.family} ${table.name}`;
  const counters = table.counters.length === 0 ? [] : [table.counters.map(printCounter).join('\n')];
  const parts = [...counters, ...table.sets.map(printSet), ...table.chains.map(printChain)];
  return parts.length === 0 ? head : `${head} {\n${parts.join('\n\n')}\n}`;
}

function printCounter(counter: CounterObject): string {
  const comment = counter.comment === undefined ? '' : ` comment ${quoted(counter.comment)};`;
  return `\tcounter ${counter.name} {${comment} }`;
}

function printSet(set: SetDeclaration): string {
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
  return block(`${set.data === undefined ? 'set' : 'map'} ${set.name}`, lines);
}

function printElement(element: Element): string {
  const timeout = element.timeout === undefined ? '' : ` timeout ${printDuration(element.timeout)}`;
  const comment = element.comment === undefined ? '' : ` comment ${quoted(element.comment)}`;
  const key = `${printExpression(element.key)}${timeout}${comment}`;
  switch (element.data?.kind) {
    case undefined:
      return key;
    case 'verdict':
      return `${key} : ${printVerdict(element.data.verdict)}`;
    case 'object':
      return `${key} : ${quoted(element.data.name)}`;
  }
}

function printChain(chain: Chain): string {
  const comment = chain.comment === undefined ? [] : [`comment ${quoted(chain.comment)}`];
  const base = chain.base === undefined ? [] : [printBase(chain.base)];
  return block(`chain ${chain.name}`, [...base, ...comment, ...chain.rules.map(printRule)]);
}

function printBase(base: BaseChainSpec): string {
  return `type ${base.type} hook ${base.hook} priority ${printPriority(base.priority)}; policy ${base.policy};`;
}

/** Around 0, which nft calls `filter` for the families that we write. */
function printPriority(priority: number): string {
  if (priority === 0) return 'filter';
  if (Math.abs(priority) > 10) return String(priority);
  return priority < 0 ? `filter - ${-priority}` : `filter + ${priority}`;
}

function block(head: string, lines: readonly string[]): string {
  return [`\t${head} {`, ...lines.map((line) => `\t\t${line}`), '\t}'].join('\n');
}

export function printRule(rule: Rule): string {
  const comment = rule.comment === undefined ? [] : [`comment ${quoted(rule.comment)}`];
  return [...rule.statements.map(printStatement), ...comment].join(' ');
}

function printStatement(statement: Statement): string {
  switch (statement.kind) {
    case 'match': {
      const implicit =
        statement.left.kind !== 'binary' && implicitOperator(statement.left, statement.right) === statement.operator;
      const operator = implicit ? '' : `${statement.operator} `;
      return `${printExpression(statement.left)} ${operator}${printExpression(statement.right)}`;
    }
    case 'verdict':
      return printVerdict(statement.verdict);
    case 'vmap':
      return `${printExpression(statement.key)} vmap ${printExpression(statement.data)}`;
    case 'counter':
      return 'counter';
    case 'counter-object':
      return `counter name ${quoted(statement.name)}`;
    case 'counter-map':
      return `counter name ${printExpression(statement.key)} map @${statement.map}`;
    case 'limit': {
      const rate = `${statement.over ? 'over ' : ''}${statement.count}/${statement.per}`;
      return `limit rate ${rate} burst ${statement.burst} packets`;
    }
    case 'log': {
      const prefix = statement.prefix === undefined ? '' : ` prefix ${quoted(statement.prefix)}`;
      return `log${prefix}${statement.group === undefined ? '' : ` group ${statement.group}`}`;
    }
    case 'reject':
      switch (statement.with?.kind) {
        case undefined:
          return 'reject';
        case 'tcp-reset':
          return 'reject with tcp reset';
        case 'icmpx':
          return `reject with icmpx ${statement.with.code}`;
        case 'icmp':
        case 'icmpv6':
          return `reject with ${statement.with.kind} ${statement.with.code}`;
      }
      break;
    case 'set-update': {
      const parts = [printExpression(statement.key), ...statement.statements.map(printStatement)];
      return `${statement.operation} @${statement.set} { ${parts.join(' ')} }`;
    }
  }
}

function printVerdict(verdict: VerdictExpression): string {
  return verdict.kind === 'jump' || verdict.kind === 'goto' ? `${verdict.kind} ${verdict.chain}` : verdict.kind;
}

function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'payload':
      return `${expression.protocol} ${expression.field}`;
    case 'meta':
      return expression.key === 'iifname' || expression.key === 'oifname' ? expression.key : `meta ${expression.key}`;
    case 'ct':
      return `ct ${expression.key}`;
    case 'fib':
      return `fib ${expression.flags.join(' . ')} ${expression.result}`;
    case 'socket':
      return `socket ${expression.key}${expression.level === undefined ? '' : ` level ${expression.level}`}`;
    case 'number':
      return String(expression.value);
    case 'word':
      return expression.quoted ? quoted(expression.text) : expression.text;
    case 'address':
      return formatAddress(expression.address);
    case 'prefix':
      return `${formatAddress(expression.address)}/${expression.length}`;
    case 'range':
      return `${printExpression(expression.first)}-${printExpression(expression.last)}`;
    case 'concat':
      return expression.parts.map(printExpression).join(' . ');
    case 'list':
      return expression.parts.map(printExpression).join(',');
    case 'binary':
      return `${printOperand(expression.left)} ${expression.operator} ${printOperand(expression.right)}`;
    case 'set':
      return `{ ${expression.elements.map(printElement).join(', ')} }`;
    case 'set-reference':
      return `@${expression.name}`;
  }
}

/** A list or a further operation under an operator stands in parentheses. */
function printOperand(expression: Expression): string {
  const text = printExpression(expression);
  return expression.kind === 'list' || expression.kind === 'binary' ? `(${text.replaceAll(',', ' | ')})` : text;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** Whole seconds as nft writes them: `1d2h`. */
function printDuration(seconds: number): string {
  let rest = seconds;
  let text = '';
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text === '' ? '0s' : text;
}

/** nft has no escapes in strings: what holds a quote or a line break must have been refused before. */
function quoted(text: string): string {
  return `"${text}"`;
}
