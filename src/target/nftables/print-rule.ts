import { formatAddress } from '../../net/index.ts';
import type { Element, Expression, LimitStatement, NatStatement, Rule, Statement, VerdictExpression } from './ast.ts';
import { implicitOperator } from './operator.ts';
import { printDuration } from './print-duration.ts';

export function printRule(rule: Rule): string {
  const comment = rule.comment === undefined ? [] : [`comment ${quoted(rule.comment)}`];
  return [...rule.statements.map(printStatement), ...comment].join(' ');
}

export function printStatement(statement: Statement): string {
  switch (statement.kind) {
    case 'match': {
      const implicit =
        statement.left.kind !== 'binary' && implicitOperator(statement.left, statement.right) === statement.operator;
      const operator = implicit ? '' : `${statement.operator} `;
      return `${printExpression(statement.left)} ${operator}${printExpression(statement.right)}`;
    }
    case 'verdict':
      return printVerdict(statement.verdict);
    case 'block':
      return `${statement.jump} { ${statement.rules.map(printRule).join('; ')} }`;
    case 'vmap':
      return `${printExpression(statement.key)} vmap ${printExpression(statement.data)}`;
    case 'counter':
      return 'counter';
    case 'counter-object':
      return `counter name ${quoted(statement.name)}`;
    case 'counter-map':
      return `counter name ${printExpression(statement.key)} map @${statement.map}`;
    case 'limit':
      return printLimit(statement);
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
      const data = statement.data === undefined ? '' : ` : ${printExpression(statement.data)}`;
      return `${statement.operation} @${statement.set} { ${parts.join(' ')}${data} }`;
    }
    case 'meter': {
      const parts = [printExpression(statement.key), ...statement.statements.map(printStatement)];
      return `meter ${statement.name} { ${parts.join(' ')} }`;
    }
    case 'object':
      return statement.type === 'flowtable'
        ? `flow add @${statement.name}`
        : `${statement.type} ${statement.type.startsWith('ct ') ? 'set' : 'name'} ${quoted(statement.name)}`;
    case 'object-map': {
      const verb = statement.type.startsWith('ct ') ? 'set' : 'name';
      return `${statement.type} ${verb} ${printExpression(statement.key)} map ${printExpression(statement.data)}`;
    }
    case 'quota':
      return `quota ${statement.over ? 'over ' : ''}${statement.amount}`;
    case 'ct-count':
      return `ct count ${statement.over ? 'over ' : ''}${statement.amount}`;
    case 'assign':
      return `${printExpression(statement.target)} set ${printExpression(statement.value)}`;
    case 'nat':
      return printNat(statement);
    case 'notrack':
      return 'notrack';
    case 'queue':
      return `queue to ${printExpression(statement.number)}`;
    case 'other':
      return statement.text;
  }
}

export function printLimit({ over, count, unit, per, burst, burstUnit }: LimitStatement): string {
  const rate = `${over ? 'over ' : ''}${count}${unit === undefined ? '' : ` ${unit}`}/${per}`;
  return `limit rate ${rate}${unit !== undefined && burst === 0 ? '' : ` burst ${burst} ${burstUnit ?? 'packets'}`}`;
}

function printNat({ type, family, address, port, flags }: NatStatement): string {
  const at = address === undefined ? '' : port === undefined ? printExpression(address) : besidePort(address);
  const target =
    address === undefined && port === undefined
      ? ''
      : ` to ${at}${port === undefined ? '' : `:${printExpression(port)}`}`;
  return [`${type}${family === undefined ? '' : ` ${family}`}${target}`, ...flags].join(' ');
}

/** The colon before a port is none of the address's. */
function besidePort(expression: Expression): string {
  if (expression.kind === 'address' && expression.address.family === 6) return `[${printExpression(expression)}]`;
  if (expression.kind === 'prefix' && expression.address.family === 6)
    return `[${formatAddress(expression.address)}]/${expression.length}`;
  if (expression.kind === 'range') return `${besidePort(expression.first)}-${besidePort(expression.last)}`;
  return printExpression(expression);
}

function printVerdict(verdict: VerdictExpression): string {
  return verdict.kind === 'jump' || verdict.kind === 'goto' ? `${verdict.kind} ${verdict.chain}` : verdict.kind;
}

export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'payload':
      return `${expression.protocol} ${expression.field}`;
    case 'meta':
      return expression.key === 'iifname' || expression.key === 'oifname' ? expression.key : `meta ${expression.key}`;
    case 'ct':
      return `ct ${expression.direction === undefined ? '' : `${expression.direction} `}${expression.key}`;
    case 'raw':
      return `@${expression.base},${expression.offset},${expression.length}`;
    case 'option':
      return printOption(expression.header, expression.field);
    case 'computed':
      return expression.text;
    case 'map':
      return `${printExpression(expression.key)} map ${printExpression(expression.data)}`;
    case 'anything':
      return '*';
    case 'fib':
      return `fib ${expression.flags.join(' . ')} ${expression.result}`;
    case 'socket':
      return `socket ${expression.key}${expression.level === undefined ? '' : ` level ${expression.level}`}`;
    case 'number':
      return String(expression.value);
    case 'number-prefix':
      return `${expression.value}/${expression.length}`;
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

/** An IPv6 extension header without a field is asked for by `exthdr`. */
function printOption(header: string, field: string | undefined): string {
  if (field !== undefined) return `${header} ${field}`;
  return header.includes(' ') ? header : `exthdr ${header}`;
}

/** A list or a further operation under an operator stands in parentheses. */
function printOperand(expression: Expression): string {
  const text = printExpression(expression);
  return expression.kind === 'list' || expression.kind === 'binary' ? `(${text.replaceAll(',', ' | ')})` : text;
}

export function printElement(element: Element): string {
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
    case 'value':
      return `${key} : ${printExpression(element.data.value)}`;
  }
}

/** nft has no escapes in strings: what holds a quote or a line break must have been refused before. */
export function quoted(text: string): string {
  return `"${text}"`;
}
