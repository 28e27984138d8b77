import { type Endpoint, parseHost } from '../../net/index.ts';
import type { EgressDecision, EgressPolicy } from '../../semantics/index.ts';
import type { Gatekeeper } from '../gatekeeper.ts';
import type { Reason } from '../record.ts';
import type { Refusal } from '../refusal.ts';
import { type Client, countedAs, type Unread } from '../wanted.ts';
import type { Answer, NoAnswer } from './answer.ts';
import { Budgets, type DnsBudgetLimits } from './budgets.ts';
import type { AddressFeed } from './feed.ts';
import { toldTo } from './judge.ts';
import { HEADER_BYTES, nameText, type Query, RCODE, type Rcode, readQuery } from './query.ts';
import { ALLOWABLE_DNS_TYPES, type AllowableDnsType, CLASS_IN, TYPE, typeName } from './record-type.ts';
import { bareReply, type ExtendedError, type Recipient, ReplyTemplate, rcodeOf, udpBytes } from './reply.ts';
import type { Resolver } from './resolver.ts';
import type { Question } from './validate.ts';

export interface DnsServiceSettings {
  readonly gatekeeper: Gatekeeper;
  readonly resolver: Resolver;
  readonly feed: AddressFeed | undefined; // absent: no group of names is enforced by addresses
  readonly types: readonly AllowableDnsType[];
  /** How a name is refused. Types are always `refused`: that there is no such name would be said of all its types (RFC 8020). */
  readonly refuseBy: 'refused' | 'no-such-name';
  readonly budgets: DnsBudgetLimits;
}

/** Whoever sent a message, and how an answer gets back. */
export interface Asker {
  readonly endpoint: Endpoint;
  readonly text: string; // the endpoint's address
  readonly client: Client | undefined; // undefined: nobody can tell who it is
  readonly by: 'udp' | 'tcp';
  readonly send: (reply: Buffer) => void;
}

/** What one client is told about one question, ready to be sent; as long as nothing of what led to it changes. */
interface Ready {
  readonly template: ReplyTemplate;
  readonly policy: EgressPolicy;
  readonly decision: EgressDecision;
  readonly question: Question;
  readonly until: number; // milliseconds, exclusive
  reliedUpon: number; // milliseconds, exclusive: so long the kernel knows the addresses without being told again
}

/** A question that the policy lets a client ask. */
interface Judged extends Pick<Ready, 'question' | 'decision' | 'policy'> {
  readonly query: Query;
  readonly asker: Asker;
  readonly client: Client;
  readonly who: string; // what its budgets and what is ready for it go by
}

const READY_AT_MOST = 20_000;
const TCP_BYTES = 65_535;

/** Answers questions as the policy has it: who asks, what, whether it may, what the world says, what of it may be told, and only then the answer. */
export class DnsService {
  readonly #settings: DnsServiceSettings;
  readonly #budgets: Budgets;
  readonly #types: ReadonlySet<number>;
  readonly #ready = new Map<string, Ready>();
  readonly #now: () => number;

  constructor(settings: DnsServiceSettings) {
    this.#settings = settings;
    this.#now = settings.gatekeeper.settings.clock.now;
    this.#budgets = new Budgets(settings.budgets, this.#now);
    this.#types = new Set(
      ALLOWABLE_DNS_TYPES.filter((type) => settings.types.includes(type)).map((type) => TYPE[type]),
    );
  }

  /** Takes one message of a client. Never throws. @returns whether `send` will be called, once; some deserve no answer. */
  take(message: Buffer, asker: Asker): boolean {
    const query = readQuery(message);
    if (query.kind === 'noise') return false;
    const { client } = asker;
    const who = client === undefined ? `? ${asker.text}` : countedAs(client);
    const allowance = this.#budgets.query(who);
    if (allowance === 'denied-quietly') asker.send(bareReply(recipient(asker, query), RCODE.refused));
    else if (query.kind === 'unanswerable') {
      const { rcode } = query;
      this.#refuse(asker, query, unreadOf(asker, '', ''), allowance === 'denied' ? 'budget' : 'bad-request', rcode);
    } else if (allowance === 'denied') this.#refuse(asker, query, unreadQuery(asker, query), 'budget');
    else if (client === undefined) this.#refuse(asker, query, unreadQuery(asker, query), 'no-identity');
    else if (!this.#answerReady(query, asker, client, who)) this.#judge(query, asker, client, who);
    return true;
  }

  /** What is ready was made for what the kernel and the world were before. */
  forget(): void {
    this.#ready.clear();
    this.#settings.feed?.forget();
  }

  /** What this client was told a moment ago, where nothing has changed since. @returns whether it was. */
  #answerReady(query: Query, asker: Asker, client: Client, who: string): boolean {
    const { gatekeeper } = this.#settings;
    const ready = query.class === CLASS_IN ? this.#ready.get(`${who} ${query.key}`) : undefined;
    const now = this.#now();
    if (ready === undefined || ready.policy !== gatekeeper.policy) return false;
    if (now >= ready.until || now >= ready.reliedUpon) return false;
    gatekeeper.lookedUp(client, ready.question.name, typeName(ready.question.type), ready.decision);
    asker.send(ready.template.to(recipient(asker, query), now));
    return true;
  }

  /** The policy first: nothing is sent anywhere for what it denies (D1). */
  #judge(query: Query, asker: Asker, client: Client, who: string): void {
    const { gatekeeper, resolver } = this.#settings;
    const unread = unreadQuery(asker, query);
    if (query.class !== CLASS_IN || !this.#types.has(query.type)) {
      this.#refuse(asker, query, unread, 'query-type', RCODE.refused);
      return;
    }
    const host = parseHost(nameText(query.message, HEADER_BYTES) ?? '', { bracketed: false });
    if (host.kind !== 'name') {
      this.#refuse(asker, query, unread, 'bad-host');
      return;
    }
    const question = { name: host.name, type: query.type };
    const decision = gatekeeper.lookUp(client, host.name, typeName(query.type));
    if (!('verdict' in decision)) {
      this.#sayNo(asker, query, decision);
      return;
    }
    const isByName = decision.verdict === 'deny' || decision.by === 'name'; // who may reach every address needs no channel
    const base = isByName ? gatekeeper.policy.wildcardOver(host.name) : undefined;
    if (base !== undefined && !this.#budgets.name(who, base, host.name)) {
      this.#refuse(asker, query, unread, 'budget');
      return;
    }
    const about = { query, asker, client, who, question, decision, policy: gatekeeper.policy };
    const answer = resolver.lookUp(question);
    void (answer instanceof Promise ? answer.then((found) => this.#tell(about, found)) : this.#tell(about, answer));
  }

  /** Never rejected: a kernel that says no is an answer that says no. */
  async #tell(about: Judged, answer: Answer): Promise<void> {
    const { gatekeeper, feed } = this.#settings;
    const { query, asker, client, question, decision, policy } = about;
    if (policy !== gatekeeper.policy) return this.#judge(query, asker, client, about.who); // it was replaced meanwhile
    if (answer.kind === 'failed') return this.#fail(about, 'no-address', RCODE.failed, 22, FAILURES[answer.why]);
    const told = toldTo(gatekeeper, client, decision, answer);
    if (told.isAllWithheld) return this.#fail(about, 'special-address', this.#refusal, 17);
    const groups = told.opened.length === 0 ? [] : policy.opens(client, question.name);
    let reliedUpon = answer.until;
    if (groups.length > 0) {
      try {
        if (feed === undefined) throw new Error('nobody can open addresses');
        reliedUpon = await feed.open(groups, told.opened, answer.until);
      } catch {
        return this.#fail(about, 'not-opened', RCODE.failed, 0);
      }
    }
    const { from, until, hasName, authority } = answer;
    const template = new ReplyTemplate(questionOf(query), rcodeOf(hasName), told.records, authority, from);
    this.#keep(`${about.who} ${query.key}`, { template, policy, decision, question, until, reliedUpon });
    gatekeeper.lookedUp(client, question.name, typeName(question.type), decision);
    asker.send(template.to(recipient(asker, query), this.#now()));
  }

  #fail(
    { query, asker, client, question, decision }: Judged,
    reason: Reason,
    rcode: Rcode,
    code: ExtendedError['code'],
    text: string = reason,
  ): void {
    this.#settings.gatekeeper.lookedUp(client, question.name, typeName(question.type), decision, reason);
    asker.send(bareReply(recipient(asker, query), rcode, { code, text }));
  }

  #keep(key: string, ready: Ready): void {
    this.#ready.delete(key);
    this.#ready.set(key, ready);
    if (this.#ready.size <= READY_AT_MOST) return;
    const [oldest] = this.#ready.keys();
    if (oldest !== undefined) this.#ready.delete(oldest);
  }

  #refuse(asker: Asker, about: About, unread: Unread, reason: Reason, rcode: Rcode = this.#refusal): void {
    this.#sayNo(asker, about, this.#settings.gatekeeper.refuse(unread, reason), rcode);
  }

  #sayNo(asker: Asker, about: About, { id, reason, sentence }: Refusal, rcode: Rcode = this.#refusal): void {
    asker.send(
      bareReply(recipient(asker, about), rcode, { code: errorCode(reason), text: `${reason}: ${sentence} (${id})` }),
    );
  }

  get #refusal(): Rcode {
    return this.#settings.refuseBy === 'refused' ? RCODE.refused : RCODE.noName;
  }
}

type About = Omit<Recipient, 'mostBytes'>;

const FAILURES: Readonly<Record<NoAnswer['why'], string>> = {
  'no-reply': 'no resolver answers',
  refused: 'the resolver cannot find out',
  unusable: 'the answer contradicts itself',
  busy: 'too many questions are under way',
};

function recipient({ by }: Asker, about: About): Recipient {
  return { ...about, mostBytes: by === 'udp' ? udpBytes(about.edns) : TCP_BYTES };
}

function unreadOf({ client, text, endpoint }: Asker, host: string, protocol: string): Unread {
  return { way: 'dns', client: client ?? { agent: text, ...endpoint }, host, protocol };
}

function unreadQuery(asker: Asker, query: Query): Unread {
  return unreadOf(asker, nameText(query.message, HEADER_BYTES)?.toLowerCase() ?? '', typeName(query.type));
}

/** Name, type and class, in lower case. */
function questionOf({ key, message, questionEnd }: Query): Buffer {
  return Buffer.concat([Buffer.from(key, 'latin1'), message.subarray(questionEnd - 2, questionEnd)]);
}

/** RFC 8914 4: 15 the operator's policy, 18 this client, 21 this kind of question. */
function errorCode(reason: Reason): ExtendedError['code'] {
  if (reason === 'unknown-client' || reason === 'no-identity') return 18;
  return reason === 'query-type' || reason === 'bad-request' ? 21 : 15;
}
