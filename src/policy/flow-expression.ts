import { type Diagnostic, type DiagnosticKind, diagnose } from '../diagnostic/index.ts';
import { similar } from '../diagnostic/similar.ts';
import {
  type AddressRange,
  addressRange,
  formatPrefix,
  ICMP_TYPES,
  ICMPV6_TYPES,
  PORT_PROTOCOLS,
  type PortRange,
  PROTOCOLS,
  parseAddress,
  parsePortRange,
  parsePrefix,
  parseProtocol,
  prefixRange,
  protocolName,
} from '../net/index.ts';
import { SourceFile, type Span } from '../source/index.ts';
import { FLOW_PROBLEMS } from './flow-problems.ts';

/**
 * One packet, or the packets between two zones, as people write it:
 *
 *     tcp 203.0.113.9 -> host:22 iif eth0
 *     icmpv6 echo-request [2001:db8::1] -> [2001:db8::2]
 *     udp agent -> 9.9.9.9:53 uid openclaw
 *
 * Zones and names are words still: what they stand for, a policy says (`resolve/flow.ts`).
 */
export interface FlowExpression {
  readonly span: Span;
  readonly protocol: number;
  readonly icmp?: { readonly type: number; readonly code?: number };
  readonly from: FlowEnd;
  readonly to: FlowEnd;
  readonly inInterface?: Word;
  readonly outInterface?: Word;
  readonly account?: Word; // a name or a uid
  readonly state?: Word;
  readonly mark?: number; // the firewall mark that the packet enters with, 32 bits
}

export type FlowEnd =
  | { readonly kind: 'addresses'; readonly range: AddressRange; readonly ports?: PortRange; readonly span: Span }
  /** A zone, a catalogue entry or a host name. */
  | { readonly kind: 'name'; readonly name: string; readonly ports?: PortRange; readonly span: Span }
  /** `namespace/name[Kind]`, a Kubernetes workload; without its kind where the name is enough. */
  | { readonly kind: 'workload'; readonly name: string; readonly ports?: PortRange; readonly span: Span };

export interface Word {
  readonly text: string;
  readonly span: Span;
}

export interface ParsedFlow {
  readonly flow?: FlowExpression; // absent exactly when there are errors
  readonly diagnostics: readonly Diagnostic[];
}

/** @param span the expression within a file of flows; without one the text is its own file, `<flow>`. */
export function parseFlowExpression(text: string, span?: Span): ParsedFlow {
  const place = span ?? { file: new SourceFile('<flow>', text), start: 0, end: text.length };
  return new FlowParser(text, place).parse();
}

const SUFFIXES = ['iif', 'oif', 'uid', 'state', 'mark'] as const;
type Suffix = (typeof SUFFIXES)[number];
const SUFFIX_VALUES: Readonly<Record<Suffix, string>> = {
  iif: 'write the interface that the packet comes in by: `iif eth0`',
  oif: 'write the interface that the packet goes out by: `oif eth0`',
  uid: 'write an account or its number: `uid openclaw` or `uid 998`',
  state: "write conntrack's view: `state new`, `established`, `related`, `invalid` or `untracked`",
  mark: 'write the firewall mark that the packet enters with: `mark 7` or `mark 0x4000`',
};
const INTERFACE_NAME = /^[^\s/]{1,15}$/; // dev_valid_name, net/core/dev.c
const ACCOUNT = /^(?:0|[1-9][0-9]{0,9}|[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?)$/; // useradd(8)
const MARK = /^(?:0x[0-9a-f]{1,8}|[0-9]{1,10})$/i;
const NAME = /^(?:catalog:)?(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$/;
const WORKLOAD = /^[^\s/[\]:]+\/[^\s/[\]:]+\[[A-Za-z]+\]$|^[a-z][a-z0-9-]*\/[a-z0-9][a-z0-9.-]*$/; // the kind where it is needed

const WORDS = /->|(?:(?!->)\S)+/g;

class FlowParser {
  readonly #place: Span;
  readonly #words: readonly Word[];
  readonly #diagnostics: Diagnostic[] = [];

  constructor(text: string, place: Span) {
    this.#place = place;
    let from = 0;
    this.#words = (text.match(WORDS) ?? []).map((word, at, words) => {
      from = text.indexOf(word, at === 0 ? 0 : from + words[at - 1]!.length);
      return {
        text: word,
        span: { file: place.file, start: place.start + from, end: place.start + from + word.length },
      };
    });
  }

  parse(): ParsedFlow {
    const flow = this.#flow();
    return flow === undefined || this.#diagnostics.length > 0
      ? { diagnostics: this.#diagnostics }
      : { flow, diagnostics: [] };
  }

  #flow(): FlowExpression | undefined {
    const arrow = this.#words.findIndex((word) => word.text === '->');
    const [head, ...before] = this.#words.slice(0, Math.max(0, arrow));
    const [to, ...after] = this.#words.slice(arrow + 1);
    if (this.#words.length === 0) return this.#say(FLOW_PROBLEMS.shape, this.#place, 'it is empty');
    if (arrow === -1)
      return this.#say(FLOW_PROBLEMS.shape, this.#place, 'there is no `->` between source and destination');
    const from = before.at(-1);
    if (head === undefined || from === undefined || before.length > 2) {
      const problem =
        before.length > 2 ? 'too many words before `->`' : 'a protocol and a source must stand before `->`';
      return this.#say(FLOW_PROBLEMS.shape, this.#words[arrow]!.span, problem);
    }
    if (to === undefined)
      return this.#say(FLOW_PROBLEMS.shape, this.#words[arrow]!.span, 'there is no destination after `->`');
    const protocol = this.#protocol(head);
    const type = before.length === 2 ? before[0] : undefined;
    const icmp = protocol === undefined || type === undefined ? undefined : this.#icmpType(type, protocol);
    const source = this.#end(from, protocol);
    const target = this.#end(to, protocol);
    const suffixes = this.#suffixes(after);
    if (protocol === undefined || source === undefined || target === undefined) return undefined;
    return {
      span: this.#place,
      protocol,
      ...(icmp === undefined ? {} : { icmp }),
      from: source,
      to: target,
      ...suffixes,
    };
  }

  #protocol(word: Word): number | undefined {
    const protocol = parseProtocol(word.text.toLowerCase());
    return (
      protocol ?? this.#say(FLOW_PROBLEMS.protocol, word.span, word.text, similar(word.text, Object.keys(PROTOCOLS)))
    );
  }

  #icmpType(word: Word, protocol: number): FlowExpression['icmp'] {
    const types = protocol === PROTOCOLS.icmp ? ICMP_TYPES : protocol === PROTOCOLS.icmpv6 ? ICMPV6_TYPES : undefined;
    if (types === undefined) return this.#say(FLOW_PROBLEMS.shape, word.span, `${protocolName(protocol)} has no types`);
    const known = Object.hasOwn(types, word.text) ? types[word.text] : undefined;
    if (known !== undefined) return { type: known };
    const numbers = /^([0-9]{1,3})(?:\/([0-9]{1,3}))?$/.exec(word.text);
    const type = Number(numbers?.[1]);
    const code = numbers?.[2] === undefined ? undefined : Number(numbers[2]);
    if (numbers === null || type > 255 || (code ?? 0) > 255) {
      const suggestion = similar(word.text, Object.keys(types));
      return this.#say(FLOW_PROBLEMS.icmpType, word.span, word.text, protocolName(protocol), suggestion);
    }
    return { type, ...(code === undefined ? {} : { code }) };
  }

  #end(word: Word, protocol: number | undefined): FlowEnd | undefined {
    const { span } = word;
    const [host, portText] = splitPort(word.text);
    const ports = portText === undefined ? undefined : parsePortRange(portText);
    if (portText !== undefined && ports === undefined)
      this.#say(FLOW_PROBLEMS.port, { ...span, start: span.end - portText.length }, portText);
    if (portText !== undefined && protocol !== undefined && !PORT_PROTOCOLS.includes(protocol))
      this.#say(FLOW_PROBLEMS.portless, span, protocolName(protocol));
    const rest = { ...(ports === undefined ? {} : { ports }), span };
    const range = this.#range(host, span);
    if (range === 'problem') return undefined;
    if (range !== undefined) return { kind: 'addresses', range, ...rest };
    if (WORKLOAD.test(host)) return { kind: 'workload', name: host, ...rest };
    if (NAME.test(host)) return { kind: 'name', name: host, ...rest };
    return this.#say(FLOW_PROBLEMS.end, span, word.text);
  }

  /** An address, a prefix, or `first-last`; `undefined` where the text is neither. */
  #range(text: string, span: Span): AddressRange | 'problem' | undefined {
    const parsed = parsePrefix(text);
    if (!('kind' in parsed)) return prefixRange(parsed);
    if (parsed.kind === 'host-bits') {
      this.#say(FLOW_PROBLEMS.hostBits, span, text, formatPrefix(parsed.meant));
      return 'problem';
    }
    const [first, last] = text.split('-').map(parseAddress);
    if (first === undefined || last === undefined || first.family !== last.family || first.value > last.value)
      return undefined;
    return { ...addressRange(first), last: last.value };
  }

  #suffixes(
    words: readonly Word[],
  ): Pick<FlowExpression, 'inInterface' | 'outInterface' | 'account' | 'state' | 'mark'> {
    if (words.length === 0) return {};
    const found = new Map<Suffix, Word>();
    for (let at = 0; at < words.length; at += 2) {
      const key = words[at]!;
      const value = words[at + 1];
      const suffix = SUFFIXES.find((each) => each === key.text);
      if (suffix === undefined) {
        this.#say(FLOW_PROBLEMS.suffix, key.span, key.text, similar(key.text, SUFFIXES));
        break; // what follows cannot be paired with certainty
      }
      if (found.has(suffix)) this.#say(FLOW_PROBLEMS.twice, key.span, suffix);
      if (value === undefined || !fits(suffix, value.text))
        this.#say(FLOW_PROBLEMS.suffixValue, value?.span ?? key.span, suffix, SUFFIX_VALUES[suffix]);
      else found.set(suffix, value);
    }
    const [inInterface, outInterface, account, state, mark] = SUFFIXES.map((suffix) => found.get(suffix));
    return {
      ...(inInterface === undefined ? {} : { inInterface }),
      ...(outInterface === undefined ? {} : { outInterface }),
      ...(account === undefined ? {} : { account }),
      ...(state === undefined ? {} : { state }),
      ...(mark === undefined ? {} : { mark: Number(mark.text) }),
    };
  }

  #say<Arguments extends readonly unknown[]>(
    kind: DiagnosticKind<Arguments>,
    span: Span,
    ...args: Arguments
  ): undefined {
    this.#diagnostics.push(diagnose(kind, span, ...args));
    return undefined;
  }
}

function fits(suffix: Suffix, value: string): boolean {
  switch (suffix) {
    case 'iif':
    case 'oif':
      return INTERFACE_NAME.test(value);
    case 'uid':
      return ACCOUNT.test(value);
    case 'state':
      return true; // `resolve/flow.ts` knows which there are
    case 'mark':
      return MARK.test(value) && Number(value) <= 0xffff_ffff;
  }
}

/**
 * `host:port` taken apart: behind brackets, or at the only colon of what is left when `catalog:` is put aside. More colons
 * are an IPv6 address without a port.
 */
function splitPort(text: string): [host: string, ports: string | undefined] {
  const bracketed = text.startsWith('[') ? /^\[([^\]]*)\](?::(.*))?$/.exec(text) : null;
  if (bracketed !== null) return [bracketed[1]!, bracketed[2]];
  const scheme = text.startsWith('catalog:') ? 'catalog:'.length : 0;
  const colon = text.indexOf(':', scheme);
  if (colon === -1 || text.includes(':', colon + 1)) return [text, undefined];
  return [text.slice(0, colon), text.slice(colon + 1)];
}
