import type { Family } from '../../net/index.ts';
import {
  ACTIONS,
  type Direction,
  type End,
  isInterfaceName,
  parsePlace,
  parsePorts,
  UFW_PROTOCOLS,
  type UfwRule,
} from './rule.ts';

/**
 * The line that ufw writes above the rules of iptables which it has made of one of its own. Its commands read these lines only: of rules
 * without one they know nothing.
 *
 *     ### tuple ### ACTION[_LOG] PROTOCOL DPORT DST SPORT SRC [DAPP SAPP] DIRECTION[_INTERFACE] [comment=HEX]
 */
export const TUPLE = /^### tuple ###\s*/;

export function formatTuple(rule: UfwRule): string {
  const { family, action, log, direction, protocol, from, to, comment } = rule;
  const words = [
    `${direction === 'routed' ? 'route:' : ''}${action}${log === undefined ? '' : `_${log}`}`,
    protocol,
    ...[to.ports, place(to, family), from.ports, place(from, family)],
    ...(to.app === undefined && from.app === undefined ? [] : [appWord(to), appWord(from)]),
    interfaceWord(rule),
    ...(comment === undefined ? [] : [`comment=${hex(comment)}`]),
  ];
  return `### tuple ### ${words.join(' ')}`;
}

function place({ address }: End, family: Family): string {
  return address === 'any' ? (family === 4 ? '0.0.0.0/0' : '::/0') : address;
}

function appWord({ app }: End): string {
  return app === undefined ? '-' : app.replaceAll(' ', '%20');
}

function interfaceWord({ way, inInterface, outInterface }: UfwRule): string {
  if (inInterface !== undefined && outInterface !== undefined) return `in_${inInterface}!out_${outInterface}`;
  const name = inInterface ?? outInterface;
  return name === undefined ? way : `${way}_${name}`;
}

/** @returns what is wrong, in words, where ufw would not take the line for one */
export function parseTuple(line: string, family: Family): UfwRule | string {
  const [words = '', comment] = line.replace(TUPLE, '').split(' comment=');
  const parts = words.trim().split(/\s+/);
  if (parts.length < 6 || parts.length > 9) return `it has ${parts.length} words`;
  const [what = '', protocol = '', dport = '', dst = '', sport = '', src = ''] = parts;
  const hasApps = parts.length > 7;
  const found = /^(route:)?([a-z]+)(?:_(log|log-all))?$/.exec(what);
  const action = ACTIONS.find((each) => each === found?.[2]);
  if (action === undefined) return `\`${what}\` is no action`;
  const known = UFW_PROTOCOLS.find((each) => each === protocol);
  if (known === undefined && protocol !== 'any') return `\`${protocol}\` is no protocol of ufw`;
  const to = end(dst, dport, hasApps ? parts[6] : '-', family);
  const from = end(src, sport, hasApps ? parts[7] : '-', family);
  if (typeof to === 'string') return to;
  if (typeof from === 'string') return from;
  const devices = parts.length === 7 || parts.length === 9 ? interfacesOf(parts.at(-1)!) : { way: 'in' as const };
  if (typeof devices === 'string') return devices;
  const direction: Direction = found?.[1] === undefined ? devices.way : 'routed';
  return {
    ...{ family, action, direction, from, to, protocol: known ?? 'any', ...devices },
    ...(found?.[3] === 'log' || found?.[3] === 'log-all' ? { log: found[3] } : {}),
    ...(comment === undefined ? {} : { comment: fromHex(comment.trim()) }),
  };
}

function end(address: string, ports: string, app: string | undefined, family: Family): End | string {
  const where = parsePlace(address);
  if (where === undefined || where.family !== family) return `\`${address}\` is no address of IPv${family}`;
  const numbers = ports === 'any' ? 'any' : parsePorts(ports);
  if (numbers === undefined) return `\`${ports}\` are no ports`;
  return {
    address: where.address,
    ports: numbers,
    ...(app === undefined || app === '-' ? {} : { app: app.replaceAll('%20', ' ') }),
  };
}

function interfacesOf(word: string): Pick<UfwRule, 'way' | 'inInterface' | 'outInterface'> | string {
  const both = /^in_([^!]+)!out_([^!]+)$/.exec(word);
  const one = /^(in|out)(?:_(.+))?$/.exec(word);
  const names = both?.slice(1) ?? (one?.[2] === undefined ? [] : [one[2]]);
  if ((both === null && one === null) || !names.every(isInterfaceName)) return `\`${word}\` is no direction`;
  if (both !== null) return { way: 'in', inInterface: names[0]!, outInterface: names[1]! };
  const way = one?.[1] === 'out' ? 'out' : 'in';
  const [name] = names;
  return { way, ...(name === undefined ? {} : way === 'in' ? { inInterface: name } : { outInterface: name }) };
}

function hex(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function fromHex(text: string): string {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) return text;
  const bytes = (text.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
