import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { Family } from '../../net/index.ts';
import type { SourceFile, Span } from '../../source/index.ts';
import { linesOf } from '../iptables/line.ts';
import { rulesOf } from './changes.ts';
import { UFW_PROBLEMS } from './problems.ts';
import type { Lookup } from './profiles.ts';
import {
  ACTIONS,
  type Direction,
  type End,
  familyOfEnd,
  isInterfaceName,
  parsePlace,
  parsePorts,
  UFW_PROTOCOLS,
  type UfwRule,
} from './rule.ts';
import { LOG_LEVELS, type LogLevel, type Policies, type Policy } from './settings.ts';

/** What `ufw status`, `ufw status verbose` or `ufw status numbered` tells. */
export interface Status {
  readonly isActive: boolean;
  readonly policies?: Policies; // of `verbose` only
  readonly logLevel?: LogLevel; // of `verbose` only
  readonly rules: readonly UfwRule[];
  readonly diagnostics: readonly Diagnostic[];
}

const POLICY_WORDS: Readonly<Record<string, Policy>> = {
  allow: 'ACCEPT',
  deny: 'DROP',
  reject: 'REJECT',
  disabled: 'DROP', // nothing is forwarded, whatever the policy
};

export function isStatus(text: string): boolean {
  return /^Status: (?:active|inactive)\s*$/m.test(text);
}

export function readStatus(file: SourceFile, profiles: Lookup): Status {
  const rules: UfwRule[] = [];
  const diagnostics: Diagnostic[] = [];
  let policies: Policies | undefined;
  let logLevel: LogLevel | undefined;
  let isListing = false;
  for (const { start, end } of linesOf(file)) {
    const line = file.text.slice(start, end).trimEnd();
    const span = { file, start, end: start + line.length };
    if (line.trim() === '') continue;
    if (/^\s*-+ +-+ +-+$/.test(line)) isListing = true;
    else if (isListing) {
      const read = readRow(line, span, profiles);
      if (typeof read === 'string') diagnostics.push(diagnose(UFW_PROBLEMS.statusLine, span, line.trim(), read));
      else for (const rule of read) rules.push(rule);
    } else if (line.startsWith('Default: ')) {
      policies = readPolicies(line);
      if (policies === undefined)
        diagnostics.push(diagnose(UFW_PROBLEMS.statusLine, span, line, 'no policies that ufw has'));
      else if (/disabled \(routed\)/.test(line)) diagnostics.push(diagnose(UFW_PROBLEMS.routedDisabled, span));
    } else if (line.startsWith('Logging: ')) {
      logLevel = LOG_LEVELS.find((level) => line.includes(`(${level})`) || line === `Logging: ${level}`);
    } else if (!/^(?:Status: |New profiles: |\s*To +Action +From$)/.test(line))
      diagnostics.push(diagnose(UFW_PROBLEMS.statusLine, span, line.trim(), 'nothing that `ufw status` prints'));
  }
  return {
    isActive: /^Status: active\s*$/m.test(file.text),
    ...(policies === undefined ? {} : { policies }),
    ...(logLevel === undefined ? {} : { logLevel }),
    ...{ rules, diagnostics },
  };
}

function readPolicies(line: string): Policies | undefined {
  const found = /^Default: (\w+) \(incoming\), (\w+) \(outgoing\), (\w+) \(routed\)$/.exec(line);
  const [input, output, forward] = (found?.slice(1) ?? []).map((word) =>
    Object.hasOwn(POLICY_WORDS, word) ? POLICY_WORDS[word] : undefined,
  );
  return input === undefined || output === undefined || forward === undefined ? undefined : { input, output, forward };
}

/** One side of a row. */
interface Place extends End {
  readonly protocol?: UfwRule['protocol'];
  readonly device?: string;
  readonly isIpv6: boolean;
}

/**
 * `To  Action  From`, the columns 27 and 13 wide where the texts are not longer; with `numbered` the number before. Of a rule for incoming
 * packets the interface stands at `To`, of one for outgoing ones at `From`, of a routed one where the packet comes from and goes to.
 */
function readRow(line: string, span: Span, profiles: Lookup): readonly UfwRule[] | string {
  const found =
    /^(?:\[ *\d+\] )?(.{25,}?\S| *\S.*?) +(ALLOW|DENY|REJECT|LIMIT)(?: (IN|OUT|FWD))? {2,}(\S.*?)(?: +\(((?:log|log-all|out)(?:, out)?)\))?(?: +# (.*))?$/.exec(
      line,
    );
  if (found === null) return 'no rule';
  const [, toText = '', verb = '', way, fromText = '', attributes = '', comment] = found;
  const action = ACTIONS.find((each) => each === verb.toLowerCase());
  const direction: Direction = way === 'FWD' ? 'routed' : way === 'OUT' ? 'out' : 'in';
  const to = readPlace(toText.trim());
  const from = readPlace(fromText.trim());
  if (action === undefined) return 'no action';
  if (typeof to === 'string') return to;
  if (typeof from === 'string') return from;
  const log = /log-all/.test(attributes) ? 'log-all' : /log/.test(attributes) ? 'log' : undefined;
  const family: Family = to.isIpv6 || from.isIpv6 || familyOfEnd(to) === 6 || familyOfEnd(from) === 6 ? 6 : 4;
  const inInterface = direction === 'routed' ? from.device : to.device;
  const outInterface = direction === 'routed' ? to.device : from.device;
  return rulesOf(
    {
      ...{ families: [family], action, direction, protocol: to.protocol ?? from.protocol ?? 'any' },
      way: direction === 'out' || (inInterface === undefined && outInterface !== undefined) ? 'out' : 'in',
      ...{ to: plainEnd(to), from: plainEnd(from) },
      ...(log === undefined ? {} : { log }),
      ...(inInterface === undefined ? {} : { inInterface }),
      ...(outInterface === undefined ? {} : { outInterface }),
      ...(comment === undefined ? {} : { comment }),
    },
    span,
    profiles,
  ).flat();
}

function plainEnd({ address, ports, app }: Place): End {
  return { address, ports, ...(app === undefined ? {} : { app }) };
}

/** `Anywhere (v6) on eth0`, `10.0.0.0/8 22/tcp`, `22,80/tcp (WWW Full)`, `10.0.0.1/esp` */
function readPlace(text: string): Place | string {
  const device = / on (\S+)$/.exec(text);
  if (device !== null && !isInterfaceName(device[1]!)) return `\`${device[1]}\` is no interface`;
  let rest = device === null ? text : text.slice(0, device.index);
  const isIpv6 = / \(v6\)\)?$/.test(rest);
  rest = rest.replace(/ \(v6\)(\)?)$/, '$1');
  const own = { isIpv6, ...(device === null ? {} : { device: device[1]! }) };
  const anywhere = /^Anywhere(?:\/([a-z0-9]+))?$/.exec(rest);
  if (anywhere !== null) return withProtocol({ address: 'any', ports: 'any', ...own }, anywhere[1]);
  const [first = '', ...more] = rest.split(' ');
  const place = placeWithProtocol(first);
  const behind = place === undefined ? rest : more.join(' ');
  const address = place?.address ?? 'any';
  if (behind === '') return withProtocol({ address, ports: 'any', ...own }, place?.protocol);
  const numbers = /^([\d,:]+)(?:\/([a-z0-9]+))?(?: \((.+)\))?$/.exec(behind);
  if (numbers === null) return { address, ports: 'any', app: behind, ...own };
  const ports = parsePorts(numbers[1]!);
  if (ports === undefined) return `\`${numbers[1]}\` are no ports`;
  // A profile's name in brackets: its ports stand before it.
  return withProtocol({ address, ports, ...own }, numbers[2]);
}

function placeWithProtocol(text: string): { readonly address: string; readonly protocol?: string } | undefined {
  const place = parsePlace(text);
  if (place !== undefined) return place;
  const at = text.lastIndexOf('/');
  const before = at === -1 ? undefined : parsePlace(text.slice(0, at));
  return before === undefined ? undefined : { address: before.address, protocol: text.slice(at + 1) };
}

function withProtocol(place: Place, protocol: string | undefined): Place | string {
  if (protocol === undefined) return place;
  const known = UFW_PROTOCOLS.find((each) => each === protocol);
  return known === undefined ? `\`${protocol}\` is no protocol of ufw` : { ...place, protocol: known };
}
