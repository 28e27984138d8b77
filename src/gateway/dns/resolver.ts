import { randomBytes } from 'node:crypto';
import type { Address, DnsName } from '../../net/index.ts';
import type { Addresses } from '../dial.ts';
import { ANSWER_LIMITS, type Answer, type AnswerLimits } from './answer.ts';
import { AnswerCache } from './cache.ts';
import { type LocalNames, localAnswer } from './local.ts';
import { nameBytes, type Reply, readReply } from './message.ts';
import { FLAG, RCODE } from './query.ts';
import { CLASS_IN, TYPE } from './record-type.ts';
import { UDP_BYTES } from './reply.ts';
import { type Asked, askable, type Upstream } from './upstream.ts';
import { failure, type Question, validated } from './validate.ts';

/** Names at and below one are asked of these (split horizon). */
export interface Split {
  readonly below: DnsName;
  readonly upstreams: readonly [Upstream, ...Upstream[]];
}

export interface ResolverLimits extends AnswerLimits {
  readonly tryMs: number; // for one upstream, before the next is asked
  readonly totalMs: number; // for a question
  readonly outstanding: number; // questions that are passed on at once
  readonly cacheBytes: number;
}

export const RESOLVER_LIMITS: ResolverLimits = {
  ...ANSWER_LIMITS,
  tryMs: 1_500,
  totalMs: 5_000,
  outstanding: 1_000,
  cacheBytes: 32 * 2 ** 20,
};

/** Who knows what. */
export interface Sources {
  readonly upstreams: readonly [Upstream, ...Upstream[]]; // in the order in which they are tried
  readonly splits: readonly Split[]; // the longest name that fits counts
  readonly local: LocalNames; // answered here, and never passed on
}

export interface ResolverSettings extends Sources {
  readonly limits: ResolverLimits;
  readonly now: () => number; // milliseconds that only go forward
}

const SILENT_MS = 300_000; // after the last question in vain: nobody knows any more
const OTHER_FAMILY_MS = 250; // that addresses of one family wait for those of the other

/**
 * Finds what the world says to a question, whoever asks: the policy is asked before. A question that is under way already is not sent
 * twice: each further copy would be a further chance to guess an answer (RFC 5452 5).
 */
export class Resolver implements Addresses {
  readonly #settings: ResolverSettings;
  readonly #cache: AnswerCache;
  readonly #underWay = new Map<string, Promise<Answer>>();
  #local: LocalNames;
  #asked: readonly Asking[];

  constructor(settings: ResolverSettings) {
    this.#settings = settings;
    this.#cache = new AnswerCache(settings.limits.cacheBytes);
    this.#local = settings.local;
    this.#asked = askingOf(settings);
  }

  /** Others know from now on. What was found before is forgotten, and what is under way: it may still be told, and is asked for anew. */
  replace(sources: Sources): void {
    this.close();
    this.#cache.clear();
    this.#underWay.clear();
    this.#local = sources.local;
    this.#asked = askingOf(sources);
  }

  /** Those of whom none answered the last question that they were asked. */
  get silent(): readonly Silence[] {
    return this.#asked.flatMap(({ below, ways }) => {
      const silentSince = ways.silentSince(this.#settings.now());
      return silentSince === undefined ? [] : [{ ...(below === undefined ? {} : { below }), since: silentSince }];
    });
  }

  /** What is known, at once; a promise where it has to be asked for, which is never rejected. */
  lookUp(question: Question): Answer | Promise<Answer> {
    const { limits, now } = this.#settings;
    const own = localAnswer(this.#local, question, now());
    if (own !== undefined) return own;
    const key = `${question.type} ${question.name}`;
    const known = this.#cache.get(key, now()) ?? this.#underWay.get(key);
    if (known !== undefined) return known;
    if (this.#underWay.size >= limits.outstanding) return failure('busy', now());
    const asked = this.#asked;
    const asking = this.#ask(question).then((answer) => {
      if (asked !== this.#asked) return answer; // others know meanwhile
      this.#underWay.delete(key);
      this.#cache.put(key, answer);
      return answer;
    });
    this.#underWay.set(key, asking);
    return asking;
  }

  /** The addresses of a name, both families. Whoever dials them asks the policy of each. */
  async of(name: DnsName): Promise<readonly Address[]> {
    const [four, six] = [TYPE.A, TYPE.AAAA].map(async (type) => addressesIn(await this.lookUp({ name, type })));
    if (four === undefined || six === undefined) return [];
    const found: Address[] = [];
    const first = await Promise.race([four, six]);
    const both = Promise.all([four, six]).then((each) => each.flat());
    if (first.length === 0) return both;
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<readonly Address[]>((resolve) => {
      timer = setTimeout(resolve, OTHER_FAMILY_MS, first);
    });
    found.push(...(await Promise.race([both, enough])));
    clearTimeout(timer);
    return found;
  }

  /** Forgets what it knows. */
  clear(): void {
    this.#cache.clear();
  }

  close(): void {
    for (const { ways } of this.#asked) ways.close();
  }

  async #ask(question: Question): Promise<Answer> {
    const { limits, now } = this.#settings;
    const { name } = question;
    const { ways } = this.#asked.find(({ below }) => below === undefined || isAtOrBelow(name, below))!; // the last has none
    const reply = await ways.ask(question, limits, now);
    return reply === undefined ? failure('no-reply', now()) : validated(question, reply, limits, now());
  }
}

/** Whom names at and below one are asked of; those of the last, without one, are asked of all the rest. */
interface Asking {
  readonly below?: DnsName;
  readonly ways: Ways;
}

/** The longest name first. */
function askingOf({ upstreams, splits }: Sources): readonly Asking[] {
  const ofSplits = splits.map((split) => ({ below: split.below, ways: new Ways(split.upstreams) }));
  return [...ofSplits.toSorted((a, b) => b.below.length - a.below.length), { ways: new Ways(upstreams) }];
}

function isAtOrBelow(name: DnsName, above: DnsName): boolean {
  return name === above || name.endsWith(`.${above}`);
}

/** Nobody answers, for names at and below one where it is given. */
export interface Silence {
  readonly below?: DnsName;
  readonly since: number; // by the resolver's clock
}

function addressesIn(answer: Answer): readonly Address[] {
  return answer.kind === 'failed' ? [] : answer.records.flatMap(({ address }) => address ?? []);
}

/** Upstreams that know the same; the one that answered last is tried first. */
class Ways {
  readonly #asked: readonly Asked[];
  #first = 0;
  #silence: { readonly since: number; last: number } | undefined; // the questions in vain, without an answer in between
  #isClosed = false;

  constructor(upstreams: readonly Upstream[]) {
    this.#asked = upstreams.map(askable);
  }

  /** Since when nobody has answered, where nobody did the last time, and that was a short while ago. */
  silentSince(now: number): number | undefined {
    return this.#silence !== undefined && now - this.#silence.last < SILENT_MS ? this.#silence.since : undefined;
  }

  /** Each upstream in turn, twice, within the time. @returns `undefined` where none gave an answer that can be read. */
  async ask(question: Question, limits: ResolverLimits, now: () => number): Promise<Reply | undefined> {
    const began = now();
    const reply = await this.#inTurn(question, limits, now);
    if (reply !== undefined) this.#silence = undefined;
    else if (!this.#isClosed) this.#silence = { since: this.#silence?.since ?? began, last: now() };
    return reply;
  }

  async #inTurn(
    { name, type }: Question,
    { tryMs, totalMs }: ResolverLimits,
    now: () => number,
  ): Promise<Reply | undefined> {
    const end = now() + totalMs;
    const start = this.#first;
    let refused: Reply | undefined;
    for (let turn = 0; turn < 2 * this.#asked.length; turn++) {
      const at = (start + turn) % this.#asked.length;
      const timeoutMs = Math.min(tryMs, end - now());
      if (timeoutMs <= 0 || this.#isClosed) break;
      const reply = await askOne(this.#asked[at]!, queryFor(name, type), timeoutMs);
      if (reply === undefined) continue;
      if (reply.rcode === RCODE.ok || reply.rcode === RCODE.noName) {
        this.#first = at;
        return reply;
      }
      refused = reply; // it has a trouble of its own: the next may not
      if (turn >= this.#asked.length - 1) break;
    }
    return refused;
  }

  /** What is under way ends without a reply, sooner or later; nothing more is sent. */
  close(): void {
    this.#isClosed = true;
    for (const each of this.#asked) each.close();
  }
}

async function askOne({ ask, askAgain }: Asked, query: Buffer, timeoutMs: number): Promise<Reply | undefined> {
  const passed = await ask(query, timeoutMs);
  const reply = Buffer.isBuffer(passed) ? readReply(passed) : undefined;
  if (askAgain === undefined || passed === 'no-reply' || (reply !== undefined && !reply.isTruncated)) return reply;
  const again = await askAgain(query, timeoutMs);
  return Buffer.isBuffer(again) ? readReply(again) : undefined;
}

/** A query with an id and a case of letters that nobody can foresee, and room for a long answer (RFC 6891). */
function queryFor(name: DnsName, type: number): Buffer {
  const wire = nameBytes(name);
  const chance = randomBytes(2 + wire.length);
  for (let at = 0; at < wire.length; at++) {
    const byte = wire[at]!;
    if (byte >= 0x61 && byte <= 0x7a && (chance[2 + at]! & 1) === 1) wire[at] = byte - 0x20;
  }
  const query = Buffer.alloc(12 + wire.length + 4 + 11);
  chance.copy(query, 0, 0, 2);
  query.writeUInt16BE(FLAG.wanted, 2);
  query.writeUInt16BE(1, 4);
  query.writeUInt16BE(1, 10);
  wire.copy(query, 12);
  const at = 12 + wire.length;
  query.writeUInt16BE(type, at);
  query.writeUInt16BE(CLASS_IN, at + 2);
  query.writeUInt16BE(TYPE.OPT, at + 5);
  query.writeUInt16BE(UDP_BYTES, at + 7);
  return query;
}
