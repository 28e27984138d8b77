import type { Family } from '../../net/index.ts';
import {
  ACTIONS,
  type Action,
  ANY,
  type End,
  IPV4_ONLY,
  isInterfaceName,
  isSeveral,
  parsePlace,
  parsePorts,
  UFW_PROTOCOLS,
  type UfwRule,
} from './rule.ts';
import { serviceNamed } from './services.ts';
import { CHAINS, LOG_LEVELS, type LogLevel, type Policies, type Policy } from './settings.ts';

/** What one command asks ufw to do (ufw(8)). */
export type Command =
  | { readonly kind: 'rule'; readonly change: Change; readonly rule: RuleCommand }
  | { readonly kind: 'delete-number'; readonly number: number }
  | { readonly kind: 'default'; readonly policy: Policy; readonly chain: keyof Policies }
  | { readonly kind: 'logging'; readonly level: LogLevel | 'on' }
  | { readonly kind: 'enable' | 'disable' | 'reset' | 'reload'; readonly isForced: boolean }
  | { readonly kind: 'nothing' } // it shows something, or tries only
  | { readonly kind: 'refused'; readonly why: string }; // in ufw's own words where it has some

export type Change =
  | { readonly kind: 'append' | 'prepend' | 'delete' }
  | { readonly kind: 'insert'; readonly position: number };

/** A rule as it was commanded: perhaps of both families, its profiles not looked up yet. */
export interface RuleCommand extends Omit<UfwRule, 'family' | 'span'> {
  readonly families: readonly Family[];
}

class Refused extends Error {}

const INVALID = 'Invalid syntax';

/** @param words behind `ufw` */
export function parseCommand(words: readonly string[]): Command {
  try {
    return command([...words]);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { kind: 'refused', why: error.message };
  }
}

function command(words: string[]): Command {
  if (words[0]?.toLowerCase() === '--dry-run') return { kind: 'nothing' };
  const isForced = words[0]?.toLowerCase() === '--force' || words[0] === '-f';
  if (isForced) words.shift();
  const first = words[0]?.toLowerCase();
  const second = words[1]?.toLowerCase();
  switch (first) {
    case undefined:
      throw new Refused('not enough args');
    case 'enable':
    case 'disable':
    case 'reset':
    case 'reload':
      if (words.length !== 1) throw new Refused(INVALID);
      return { kind: first, isForced };
    case 'default':
      return defaultCommand(second, words[2]?.toLowerCase());
    case 'logging': {
      const level = LOG_LEVELS.find((each) => each === second);
      if (level === undefined && second !== 'on') throw new Refused(INVALID);
      return { kind: 'logging', level: level ?? 'on' };
    }
    case 'status':
    case 'show':
    case 'version':
    case '--version':
    case 'help':
    case '--help':
    case '-h':
    case 'app':
      return { kind: 'nothing' };
    case 'route':
      return routeCommand(words.slice(1));
    case 'rule':
      return ruleCommand(words.slice(1), false);
    default:
      return ruleCommand(words, false);
  }
}

const POLICY_WORDS: Readonly<Record<string, Policy>> = { allow: 'ACCEPT', deny: 'DROP', reject: 'REJECT' };

const CHAIN_WORDS: Readonly<Record<string, keyof Policies>> = {
  incoming: 'input',
  input: 'input',
  outgoing: 'output',
  output: 'output',
  routed: 'forward',
  forward: 'forward',
};

function defaultCommand(policy: string | undefined, chain = 'incoming'): Command {
  const known = policy !== undefined && Object.hasOwn(POLICY_WORDS, policy) ? POLICY_WORDS[policy] : undefined;
  const where = Object.hasOwn(CHAIN_WORDS, chain) ? CHAIN_WORDS[chain] : CHAINS.find((each) => each === chain);
  if (known === undefined || where === undefined) throw new Refused(INVALID);
  return { kind: 'default', policy: known, chain: where };
}

/** Rules for what is routed have up to two interfaces; the second is taken out first. */
function routeCommand(words: string[]): Command {
  const text = ` ${words.join(' ')} `;
  if (words[0] === 'delete' && /^\d+$/.test(words[1] ?? ''))
    throw new Refused("'route delete NUM' unsupported. Use 'delete NUM' instead.");
  const clauses = (['in', 'out'] as const).filter((way) => text.includes(` ${way} on `));
  if (clauses.length === 0 && / (?:in|out) /.test(text) && !/ app (?:in|out) /.test(text))
    throw new Refused('Invalid interface clause for route rule');
  if (clauses.length < 2) return ruleCommand(words, true);
  const second = words.indexOf('in') > words.indexOf('out') ? 'in' : 'out';
  const at = words.indexOf(second);
  const name = words[at + 2] ?? '';
  const rest = ruleCommand([...words.slice(0, at), ...words.slice(at + 3)], true);
  if (rest.kind !== 'rule') return rest;
  checkInterface(name);
  const device = second === 'in' ? { inInterface: name } : { outInterface: name };
  return { ...rest, rule: { ...rest.rule, ...device } };
}

function checkInterface(name: string): void {
  if (!isInterfaceName(name)) throw new Refused('Bad interface name');
}

function ruleCommand(words: string[], isRouted: boolean): Command {
  let change: Change = { kind: 'append' };
  const first = words[0]?.toLowerCase();
  if (first === 'delete' && words.length > 1) {
    words.shift();
    if (/^[+-]?\d+$/.test(words[0] ?? '')) return { kind: 'delete-number', number: Number(words[0]) };
    change = { kind: 'delete' };
  } else if (first === 'insert') {
    const position = words[1] ?? '';
    if (words.length < 4) throw new Refused(INVALID);
    if (position === '0' || position === '-1') throw new Refused(`Cannot insert rule at position '${position}'`);
    if (!/^\d+$/.test(position)) throw new Refused(`Insert position '${position}' is not a valid position`);
    change = { kind: 'insert', position: Number(position) };
    words.splice(0, 2);
  } else if (first === 'prepend') {
    change = { kind: 'prepend' };
    words.shift();
  }
  const action = ACTIONS.find((each) => each === words[0]);
  if (action === undefined || words.length < 2) throw new Refused(INVALID);
  return { kind: 'rule', change, rule: new RuleReader(action, words.slice(1), isRouted).rule() };
}

/** What follows the action. */
class RuleReader {
  readonly #action: Action;
  readonly #words: string[];
  readonly #isRouted: boolean;
  #way: 'in' | 'out' = 'in';
  #comment: string | undefined;
  #log: UfwRule['log'];

  constructor(action: Action, words: string[], isRouted: boolean) {
    this.#action = action;
    this.#words = words;
    this.#isRouted = isRouted;
  }

  rule(): RuleCommand {
    const words = this.#words;
    const hasInterface = this.#takeDirection();
    this.#takeLog(hasInterface);
    this.#takeComment();
    if (words.length < 1 || words.length > 12) throw new Refused(INVALID);
    if (words.length === 1) return this.#short(words[0]!);
    if (words.length % 2 === 1) throw new Refused('Wrong number of arguments');
    if (!['from', 'to', 'in', 'out'].some((word) => words.includes(word)))
      throw new Refused("Need 'to' or 'from' clause");
    return this.#full();
  }

  /** `in`, `out on eth0`; the interface's name stays, behind its direction. */
  #takeDirection(): boolean {
    const words = this.#words;
    const said = words[0]?.toLowerCase();
    const isSaid = said === 'in' || said === 'out';
    if (isSaid) this.#way = said;
    if (isSaid && words.length > 1 && words[1] !== 'on') words.shift();
    if (!words.includes('in') && !words.includes('out')) return false;
    const [way = '', on] = words;
    if (!/^(?:in|out)$/i.test(way) || on?.toLowerCase() !== 'on') throw new Refused('Invalid interface clause');
    words.splice(1, 1);
    return true;
  }

  #takeLog(hasInterface: boolean): void {
    const words = this.#words;
    const at = hasInterface ? 2 : 0;
    const word = words[at]?.toLowerCase();
    if ((word === 'log' || word === 'log-all') && words.length > (hasInterface ? 2 : 1)) {
      this.#log = word;
      words.splice(at, 1);
    }
    const other = ['log', 'log-all'].find((each) => words.includes(each));
    if (other !== undefined) throw new Refused(`Option '${other}' not allowed here`);
  }

  #takeComment(): void {
    const at = this.#words.indexOf('comment');
    if (at === -1) return;
    const comment = this.#words[at + 1];
    if (comment === undefined) throw new Refused("Option 'comment' missing required argument");
    if (comment.includes("'")) throw new Refused('Comment may not contain "\'"');
    if (comment !== '') this.#comment = comment;
    this.#words.splice(at, 2);
  }

  /** `22/tcp`, `ssh`, `OpenSSH` */
  #short(word: string): RuleCommand {
    const service = serviceNamed(word);
    if (service === undefined && isProfileName(word))
      return this.#finish('any', ANY, { ...ANY, app: word }, {}, [4, 6]);
    const [port = '', protocol = 'any', ...more] = word.split('/');
    if (more.length > 0) throw new Refused('Bad port');
    const known = protocol === 'any' ? 'any' : UFW_PROTOCOLS.find((each) => each === protocol);
    if (known === undefined) throw new Refused('Bad port');
    if (known !== 'any' && known !== 'tcp' && known !== 'udp')
      throw new Refused(`Invalid port with protocol '${known}'`);
    const { ports, protocol: named } = portsOf(port, 'Bad port');
    return this.#finish(agreed(known, named), ANY, { ...ANY, ports }, {}, [4, 6]);
  }

  #full(): RuleCommand {
    const words = this.#words;
    const count = (word: string): number => words.filter((each) => each === word).length;
    if (
      ['to', 'from', 'proto', 'in', 'out'].some((word) => count(word) > 1) ||
      ['port', 'app'].some((word) => count(word) > 2) ||
      (count('app') > 0 && count('proto') > 0)
    )
      throw new Refused('Improper rule syntax');
    let protocol: UfwRule['protocol'] = 'any';
    let named: UfwRule['protocol'] | undefined;
    const ends: Record<'from' | 'to', End> = { from: ANY, to: ANY };
    const families: Partial<Record<'from' | 'to', Family>> = {};
    const devices: { inInterface?: string; outInterface?: string } = {};
    let side: 'from' | 'to' | undefined;
    for (let at = 0; at < words.length; at += 2) {
      const key = words[at]!;
      const value = words[at + 1]!;
      switch (key) {
        case 'proto': {
          const known = value === 'any' ? 'any' : UFW_PROTOCOLS.find((each) => each === value);
          if (known === undefined) throw new Refused(`Unsupported protocol '${value}'`);
          protocol = known;
          break;
        }
        case 'in':
        case 'out':
          checkInterface(value);
          devices[key === 'in' ? 'inInterface' : 'outInterface'] = value;
          break;
        case 'from':
        case 'to': {
          side = key;
          const place = value.toLowerCase() === 'any' ? undefined : parsePlace(value);
          if (value.toLowerCase() !== 'any' && place === undefined)
            throw new Refused(`Bad ${key === 'from' ? 'source' : 'destination'} address`);
          ends[key] = { ...ends[key], address: place?.address ?? 'any' };
          if (place !== undefined) families[key] = place.family;
          break;
        }
        case 'port':
        case 'app': {
          if (side === undefined) throw new Refused(`Need 'from' or 'to' with '${key}'`);
          if (key === 'app') {
            ends[side] = { ...ends[side], app: value };
            break;
          }
          if (value === 'any') throw new Refused('Could not find protocol'); // it is taken for a service's name
          const found = portsOf(value, `Bad port '${value}'`);
          ends[side] = { ...ends[side], ports: found.ports };
          if (found.protocol !== undefined) named = named === undefined ? found.protocol : both(named, found.protocol);
          break;
        }
        default:
          throw new Refused(`Invalid token '${key}'`);
      }
    }
    if (families.from !== undefined && families.to !== undefined && families.from !== families.to)
      throw new Refused("Mixed IP versions for 'from' and 'to'");
    const family = families.from ?? families.to;
    return this.#finish(agreed(protocol, named), ends.from, ends.to, devices, family === undefined ? [4, 6] : [family]);
  }

  #finish(
    protocol: UfwRule['protocol'],
    from: End,
    to: End,
    devices: Pick<UfwRule, 'inInterface' | 'outInterface'>,
    families: readonly Family[],
  ): RuleCommand {
    const hasPorts = from.ports !== 'any' || to.ports !== 'any';
    if (IPV4_ONLY.has(protocol) && !families.includes(4))
      throw new Refused(`Invalid IPv6 address with protocol '${protocol}'`);
    if (protocol !== 'any' && protocol !== 'tcp' && protocol !== 'udp' && hasPorts)
      throw new Refused(`Invalid port with protocol '${protocol}'`);
    if ((isSeveral(from.ports) || isSeveral(to.ports)) && protocol === 'any')
      throw new Refused("Must specify 'tcp' or 'udp' with multiple ports");
    return {
      ...{ action: this.#action, direction: this.#isRouted ? 'routed' : this.#way, way: this.#way, protocol, from, to },
      ...devices,
      families: IPV4_ONLY.has(protocol) ? [4] : families,
      ...(this.#log === undefined ? {} : { log: this.#log }),
      ...(this.#comment === undefined ? {} : { comment: this.#comment }),
    };
  }
}

function isProfileName(word: string): boolean {
  return word !== 'all' && !/^[+-]?\d+$/.test(word) && /^[a-zA-Z0-9][a-zA-Z0-9 _\-.+]*$/.test(word);
}

/** Numbers, or one service by its name with the protocol that /etc/services has it for. */
function portsOf(text: string, otherwise: string): { readonly ports: string; readonly protocol?: UfwRule['protocol'] } {
  if (/^\d/.test(text)) {
    const ports = parsePorts(text);
    if (ports === undefined) throw new Refused(otherwise);
    return { ports };
  }
  if (/[,:]/.test(text)) throw new Refused('Port ranges must be numeric');
  const service = serviceNamed(text);
  if (service === undefined) throw new Refused(otherwise);
  return { ports: String(service.port), protocol: service.protocol };
}

function both(first: UfwRule['protocol'], second: UfwRule['protocol']): UfwRule['protocol'] {
  if (first === 'any') return second;
  if (second === 'any' || first === second) return first;
  throw new Refused('Protocol mismatch (from/to)');
}

/** The protocol that was said, and the one that a service's name brings along. */
function agreed(said: UfwRule['protocol'], named: UfwRule['protocol'] | undefined): UfwRule['protocol'] {
  if (named === undefined || said === named || named === 'any') return said;
  if (said === 'any') return named;
  throw new Refused(`Protocol mismatch with specified protocol ${said}`);
}
