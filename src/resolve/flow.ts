import type { Catalog } from '../catalog/index.ts';
import { type Diagnostic, type DiagnosticKind, diagnose } from '../diagnostic/index.ts';
import { similar } from '../diagnostic/similar.ts';
import {
  CONNTRACK_STATES,
  type FlowQuestion,
  HOOKS,
  type Hook,
  type InterfacePattern,
  type NamedDestination,
  type NameGroup,
  ORDINARY_PORTS,
  type Peer,
  type Service,
} from '../ir/index.ts';
import {
  type AddressRange,
  type DnsName,
  type Family,
  matchesDnsPattern,
  PORT_PROTOCOLS,
  PROTOCOLS,
  parseDnsName,
  range,
} from '../net/index.ts';
import type { FlowEnd, FlowExpression, Word } from '../policy/index.ts';
import type { Span } from '../source/index.ts';
import { FLOW_RESOLVE_PROBLEMS } from './flow-problems.ts';

/** Where the words of a flow expression are looked up. An `Intent` has the first three. */
export interface FlowContext {
  readonly zones: ReadonlyMap<string, readonly Peer[]>;
  readonly groups: readonly NameGroup[];
  readonly unknownAccounts: ReadonlyMap<number, string>;
  readonly accounts: ReadonlyMap<string, number>; // of this machine
  readonly catalog: Catalog;
  readonly hook?: Hook; // where the user says that the packet stands
}

export interface ResolvedFlow {
  readonly question?: FlowQuestion; // absent exactly when there are errors
  readonly diagnostics: readonly Diagnostic[];
}

export function resolveFlow(flow: FlowExpression, context: FlowContext): ResolvedFlow {
  const diagnostics: Diagnostic[] = [];
  const question = new FlowResolver(flow, context, diagnostics).resolve();
  return question === undefined || diagnostics.length > 0 ? { diagnostics } : { question, diagnostics };
}

class FlowResolver {
  readonly #flow: FlowExpression;
  readonly #context: FlowContext;
  readonly #diagnostics: Diagnostic[];

  constructor(flow: FlowExpression, context: FlowContext, diagnostics: Diagnostic[]) {
    this.#flow = flow;
    this.#context = context;
    this.#diagnostics = diagnostics;
  }

  resolve(): FlowQuestion | undefined {
    const flow = this.#flow;
    const from = this.#source(flow.from);
    const to = this.#end(flow.to);
    const state = this.#state(flow.state);
    const account = flow.account === undefined ? undefined : this.#account(flow.account);
    const family = this.#family(from ?? [], to ?? []);
    if (flow.account !== undefined && from !== undefined && !this.#mayHaveAccount(from))
      this.#say(FLOW_RESOLVE_PROBLEMS.remoteAccount, flow.account.span, flow.account.text, endText(flow.from));
    if (from === undefined || to === undefined || state === undefined) return undefined;
    return {
      text: flow.span.file.text.slice(flow.span.start, flow.span.end),
      from,
      to,
      service: this.#service(family),
      ...(PORT_PROTOCOLS.includes(flow.protocol) ? { sport: flow.from.ports ?? ORDINARY_PORTS } : {}),
      ...(account === undefined ? {} : { account }),
      ...(flow.inInterface === undefined ? {} : { inInterface: interfacePattern(flow.inInterface) }),
      ...(flow.outInterface === undefined ? {} : { outInterface: interfacePattern(flow.outInterface) }),
      state,
      ...(flow.mark === undefined ? {} : { mark: flow.mark }),
      ...this.#hooks(),
    };
  }

  /** Two plain addresses do not tell which of them is this machine, so the packet may stand anywhere. */
  #hooks(): Pick<FlowQuestion, 'hooks'> {
    const { from, to, inInterface, outInterface, account } = this.#flow;
    if (this.#context.hook !== undefined) return { hooks: [this.#context.hook] };
    if (account !== undefined && from.kind === 'addresses') return { hooks: ['output'] };
    if (inInterface !== undefined && outInterface !== undefined) return { hooks: ['forward'] };
    const plain = from.kind === 'addresses' && to.kind === 'addresses';
    if (!plain || isLoopback(from.range) || isLoopback(to.range)) return {};
    return { hooks: inInterface !== undefined ? ['input'] : outInterface !== undefined ? ['output'] : HOOKS };
  }

  #service(family: Family | undefined): Service {
    const { protocol, icmp, to } = this.#flow;
    return {
      protocol,
      ...(family === undefined ? {} : { family }),
      ...(to.ports === undefined ? {} : { ports: to.ports }),
      ...(icmp === undefined ? {} : { icmp }),
    };
  }

  #source(end: FlowEnd): readonly Peer[] | undefined {
    const found = this.#end(end);
    const named = found?.find((peer) => peer.kind === 'named' || peer.kind === 'name');
    if (named !== undefined) return this.#say(FLOW_RESOLVE_PROBLEMS.nameAsSource, end.span, endText(end));
    return found?.flatMap((peer) => (peer.kind === 'name' ? [] : [peer]));
  }

  #end(end: FlowEnd): readonly (Peer | NamedDestination)[] | undefined {
    switch (end.kind) {
      case 'addresses':
        return [{ kind: 'remote', ranges: [end.range] }];
      case 'workload':
        return this.#say(FLOW_RESOLVE_PROBLEMS.workload, end.span, end.name);
      case 'name':
        return this.#name(end.name, end.span);
    }
  }

  /** A zone of the policy before all else, then the catalogue, then a host name. */
  #name(text: string, span: Span): readonly (Peer | NamedDestination)[] | undefined {
    const { zones, groups } = this.#context;
    const zone = zones.get(text);
    if (zone !== undefined) {
      return zone.length > 0 ? zone : this.#say(FLOW_RESOLVE_PROBLEMS.unrecognised, span, text);
    }
    if (groups.some((group) => group.key === text)) return [{ kind: 'named', group: text }];
    if (text.startsWith('catalog:')) return this.#catalogEntry(text.slice('catalog:'.length), span);
    const name = text.includes('.') ? parseDnsName(text) : undefined;
    if (name !== undefined) return [this.#named(name)];
    return this.#say(FLOW_RESOLVE_PROBLEMS.unknownZone, span, text, similar(text, [...zones.keys()]));
  }

  #catalogEntry(entryName: string, span: Span): readonly NamedDestination[] | undefined {
    const { catalog } = this.#context;
    const entry = catalog.entry(entryName);
    if (entry === undefined) {
      return this.#say(
        FLOW_RESOLVE_PROBLEMS.unknownCatalogEntry,
        span,
        entryName,
        similar(entryName, catalog.entryNames()),
      );
    }
    return entry.endpoints.map((endpoint) => this.#named(endpoint.pattern.name));
  }

  #named(name: DnsName): NamedDestination {
    const groups = this.#context.groups.filter((group) =>
      group.patterns.some((pattern) => matchesDnsPattern(pattern, name)),
    );
    return { kind: 'name', name, groups: groups.map((group) => group.key) };
  }

  #state(word: Word | undefined): FlowQuestion['state'] | undefined {
    if (word === undefined) return 'new';
    const state = CONNTRACK_STATES.find((each) => each === word.text.toLowerCase());
    return (
      state ?? this.#say(FLOW_RESOLVE_PROBLEMS.unknownState, word.span, word.text, similar(word.text, CONNTRACK_STATES))
    );
  }

  #account(word: Word): number | undefined {
    if (/^[0-9]+$/.test(word.text)) return Number(word.text);
    const { accounts, unknownAccounts } = this.#context;
    const placeholder = [...unknownAccounts].find(([, name]) => name === word.text)?.[0];
    const known = [...accounts.keys(), ...unknownAccounts.values()];
    return (
      placeholder ??
      accounts.get(word.text) ??
      this.#say(FLOW_RESOLVE_PROBLEMS.unknownAccount, word.span, word.text, similar(word.text, known))
    );
  }

  #mayHaveAccount(from: readonly Peer[]): boolean {
    if (from.some((peer) => peer.kind === 'local')) return true;
    const { hook } = this.#context;
    return this.#flow.from.kind === 'addresses' && (hook === undefined || hook === 'output');
  }

  /** The only family that the packet can have, where the protocol or an address says so. */
  #family(from: readonly Peer[], to: readonly (Peer | NamedDestination)[]): Family | undefined {
    const { protocol, span } = this.#flow;
    const ofProtocol = protocol === PROTOCOLS.icmp ? 4 : protocol === PROTOCOLS.icmpv6 ? 6 : undefined;
    const [ofSource, ofTarget] = [families(from), families(to)];
    const common = ([4, 6] as const).filter(
      (family) => (ofProtocol ?? family) === family && ofSource.has(family) && ofTarget.has(family),
    );
    if (common.length > 0) return common.length === 1 ? common[0] : undefined;
    if (from.length === 0 || to.length === 0) return undefined; // has been said already
    const problem =
      ofProtocol === undefined
        ? 'source and destination have no address family in common'
        : `${ofProtocol === 4 ? 'icmp' : 'icmpv6'} does not travel over IPv${ofProtocol === 4 ? 6 : 4}`;
    return this.#say(FLOW_RESOLVE_PROBLEMS.families, span, problem);
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

const LOOPBACK = [range('127.0.0.0/8'), range('::1')];

function isLoopback(addresses: AddressRange): boolean {
  return LOOPBACK.some(
    ({ family, first, last }) => family === addresses.family && first <= addresses.first && addresses.last <= last,
  );
}

function families(peers: readonly (Peer | NamedDestination)[]): ReadonlySet<Family> {
  return new Set(
    peers.flatMap((peer): readonly Family[] =>
      peer.kind === 'remote' ? peer.ranges.map((range) => range.family) : [4, 6],
    ),
  );
}

/** A trailing `*` or nft's `+` stands for any ending. */
function interfacePattern(word: Word): InterfacePattern {
  const wildcard = /[*+]$/.test(word.text);
  return { name: wildcard ? word.text.slice(0, -1) : word.text, wildcard };
}

function endText(end: FlowEnd): string {
  return end.span.file.text.slice(end.span.start, end.span.end);
}
