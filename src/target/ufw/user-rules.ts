import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { Origin } from '../../ir/index.ts';
import type { Family } from '../../net/index.ts';
import { SourceFile } from '../../source/index.ts';
import { linesOf } from '../iptables/line.ts';
import { chainPrefix, expandRule, LOG_LIMIT } from './expand.ts';
import { UFW_PROBLEMS } from './problems.ts';
import { parsePlace, type UfwRule } from './rule.ts';
import { LOG_LEVELS, type LogLevel, type Policies } from './settings.ts';
import { formatTuple, parseTuple, TUPLE } from './tuple.ts';

/** Where the rules of a text come from: each origin from its offset to that of the next. */
export interface Origins {
  readonly file: SourceFile;
  readonly parts: readonly (readonly [start: number, origin: Origin])[]; // in ascending order
}

/** `user.rules` or `user6.rules` as ufw writes it. */
export function printUserRules(
  rules: readonly UfwRule[],
  family: Family,
  policies: Policies,
  logLevel: LogLevel,
): string {
  return printWithOrigins(rules, family, policies, logLevel).text;
}

/** The same as a file of its own, whose rules come from where ufw was told of them. */
export function userRulesFile(
  rules: readonly UfwRule[],
  family: Family,
  policies: Policies,
  logLevel: LogLevel,
): Origins {
  const { text, starts } = printWithOrigins(rules, family, policies, logLevel);
  return {
    file: new SourceFile(`<user rules of ufw, IPv${family}>`, text),
    parts: starts.map((start, index) => [start, originOf(rules[index])]),
  };
}

function originOf(rule: UfwRule | undefined): Origin {
  if (rule === undefined) return {};
  const { span, comment } = rule;
  return {
    ...(span === undefined ? {} : { span, text: span.file.text.slice(span.start, span.end).replaceAll(/\s+/g, ' ') }),
    ...(comment === undefined ? {} : { flow: comment }),
  };
}

function printWithOrigins(rules: readonly UfwRule[], family: Family, policies: Policies, logLevel: LogLevel) {
  const prefix = chainPrefix(family);
  const chains = [
    ...['user', 'before-logging', 'user-logging', 'after-logging'].flatMap((part) =>
      ['input', 'output', 'forward'].map((each) => `${part}-${each}`),
    ),
    ...['logging-deny', 'logging-allow', 'user-limit', 'user-limit-accept'],
  ];
  let text = `*filter\n${chains.map((chain) => `:${prefix}-${chain} - [0:0]\n`).join('')}### RULES ###\n`;
  const starts: number[] = [];
  for (const rule of rules) {
    starts.push(text.length);
    text += `\n${formatTuple(rule)}\n${expandRule(rule).join('\n')}\n`;
  }
  starts.push(text.length);
  text += `\n### END RULES ###\n\n### LOGGING ###\n${loggingRules(family, policies, logLevel)
    .map((line) => `${line}\n`)
    .join('')}### END LOGGING ###\n\n### RATE LIMITING ###\n`;
  if (logLevel !== 'off')
    text += `-A ${prefix}-user-limit -m limit --limit 3/minute -j LOG --log-prefix "[UFW LIMIT BLOCK] "\n`;
  text += `-A ${prefix}-user-limit -j REJECT\n-A ${prefix}-user-limit-accept -j ACCEPT\n### END RATE LIMITING ###\nCOMMIT\n`;
  return { text, starts };
}

/** What each level of `ufw logging` writes down (ufw(8), LOGGING); none of it decides about a packet. */
function loggingRules(family: Family, policies: Policies, logLevel: LogLevel): string[] {
  const prefix = chainPrefix(family);
  const level = LOG_LEVELS.indexOf(logLevel);
  const each = (part: string): string[] => ['input', 'output', 'forward'].map((hook) => `${prefix}-${part}-${hook}`);
  if (logLevel === 'off') return each('user-logging').map((chain) => `-I ${chain} -j RETURN`);
  const limit = level < LOG_LEVELS.indexOf('high') ? ` ${LOG_LIMIT}` : '';
  const log = (chain: string, what: string, more = limit): string =>
    `-A ${chain} -j LOG --log-prefix "[UFW ${what}] "${more}`;
  const isMedium = level >= LOG_LEVELS.indexOf('medium');
  const denied = (['input', 'output', 'forward'] as const).flatMap((hook) => {
    const chain = `${prefix}-after-logging-${hook}`;
    if (policies[hook] !== 'ACCEPT') return [log(chain, 'BLOCK')];
    return isMedium ? [log(chain, 'ALLOW')] : [];
  });
  const deny = `${prefix}-logging-deny`;
  const invalid = '-m conntrack --ctstate INVALID';
  const misc = [
    isMedium
      ? `-A ${deny} ${invalid} -j LOG --log-prefix "[UFW AUDIT INVALID] "${limit}`
      : `-I ${deny} ${invalid} -j RETURN${limit}`,
    log(deny, 'BLOCK'),
    log(`${prefix}-logging-allow`, 'ALLOW'),
  ];
  const audit =
    logLevel === 'full' ? '' : logLevel === 'high' ? ` ${LOG_LIMIT}` : ` -m conntrack --ctstate NEW ${LOG_LIMIT}`;
  const audits = isMedium ? each('before-logging').map((chain) => log(chain, 'AUDIT', audit).replace('-A', '-I')) : [];
  return [...denied, ...misc, ...audits];
}

export interface ReadUserRules {
  readonly rules: readonly UfwRule[];
  readonly origins: Origins;
  readonly diagnostics: readonly Diagnostic[];
}

/** What ufw's own commands know of a file that stands already: the lines above its rules. */
export function readUserRules(file: SourceFile, family: Family): ReadUserRules {
  const rules: UfwRule[] = [];
  const parts: [number, Origin][] = [];
  const diagnostics: Diagnostic[] = [];
  let open: { readonly rule: UfwRule; readonly lines: string[] } | undefined;
  const close = (): void => {
    if (open !== undefined && !agrees(open.rule, open.lines))
      diagnostics.push(diagnose(UFW_PROBLEMS.edited, open.rule.span, commandLine(open.rule)));
    open = undefined;
  };
  for (const { start, end } of linesOf(file)) {
    const line = file.text.slice(start, end).trim();
    if (TUPLE.test(line)) {
      close();
      const span = { file, start, end };
      const read = parseTuple(line, family);
      if (typeof read === 'string') {
        diagnostics.push(diagnose(UFW_PROBLEMS.tuple, span, read));
        parts.push([start, {}]);
        continue;
      }
      const rule = { ...read, span };
      rules.push(rule);
      parts.push([start, rule.comment === undefined ? {} : { flow: rule.comment }]);
      open = { rule, lines: [] };
    } else if (line.startsWith('### END RULES')) {
      close();
      parts.push([start, {}]);
    } else if (line !== '' && !line.startsWith('#')) open?.lines.push(line);
  }
  close();
  return { rules, origins: { file, parts }, diagnostics };
}

function commandLine(rule: UfwRule): string {
  return formatTuple(rule).replace(TUPLE, '');
}

function agrees(rule: UfwRule, lines: readonly string[]): boolean {
  const said = lines.map((line) => line.replace(/ -m comment --comment '(?:[sd]app_[^']*)'$/, ''));
  const expected = expandRule(rule);
  return said.length === expected.length && said.every((line, index) => sameRule(line, expected[index]!));
}

/** Addresses of IPv6 stand in files as they were typed. */
function sameRule(left: string, right: string): boolean {
  const plain = (line: string): string =>
    line
      .replaceAll(
        / (-[sd]) (\S+)/g,
        (_, option: string, text: string) => ` ${option} ${parsePlace(text)?.address ?? text}`,
      )
      .replaceAll(/\s+/g, ' ');
  return plain(left) === plain(right);
}
