/**
 * Throws mutated messages at the gateway's resolver, from both sides: `node test/fuzz/dns.ts [COUNT] [SEED]`. Whatever a client sends, there
 * is at most one answer, of the allowed length, that a library can read, and none without a decision in the record. Whatever an
 * upstream says, nothing is believed that is not at the end of the question's own chain, or that the library does not see there.
 */
import dnsPacket, { type Answer as PacketAnswer } from 'dns-packet';
import { ANSWER_LIMITS } from '../../src/gateway/dns/answer.ts';
import { DNS_BUDGET_LIMITS } from '../../src/gateway/dns/budgets.ts';
import { answersQuery, readReply } from '../../src/gateway/dns/message.ts';
import { ALLOWABLE_DNS_TYPES, TYPE } from '../../src/gateway/dns/record-type.ts';
import { ReplyTemplate, rcodeOf } from '../../src/gateway/dns/reply.ts';
import { RESOLVER_LIMITS, Resolver } from '../../src/gateway/dns/resolver.ts';
import { DnsService } from '../../src/gateway/dns/service.ts';
import { LOOPBACK, queryOf } from '../../src/gateway/dns/stand-in.fixture.ts';
import { validated } from '../../src/gateway/dns/validate.ts';
import { AGENT, address, name, PLAIN, policyOf } from '../../src/gateway/dns/world.fixture.ts';
import { Gatekeeper } from '../../src/gateway/index.ts';
import { formatAddress } from '../../src/net/index.ts';
import { Mutator } from './mutation.ts';

export interface FuzzResult {
  readonly inputs: number;
  readonly seed: number;
  readonly answered: number; // queries with an answer that has no error
  readonly refused: number;
  readonly believed: number; // replies with records that are believed
  readonly failures: readonly { readonly input: string; readonly what: string }[]; // input in hexadecimal
  readonly slowestMs: number;
}

const FAILURES_KEPT = 10;
const SLOW_MS = 500;
const LONGEST = 4_000; // bytes
const UDP_BYTES = 1_232;

/** Pieces of the wire format: counts, pointers, lengths at their limits, an OPT record. */
const TOKENS = [
  '\0',
  '\u0001',
  '\u00ff\u00ff',
  '\u00c0\u000c',
  '\u00c0\u0000',
  '\u00c0\u00ff',
  '\u003f',
  '\u0040',
  '\0\u0001\0\u0001',
  '\0\u0029\u0010\0\0\0\0\0\0\0',
  '\u0003api',
  '\u0007example\0',
  '\u0080\0\0\0',
  '\0\u0004\u007f\0\0\u0001',
];

export function fuzzDns(count: number, seed: number): FuzzResult {
  const mutator = new Mutator(seed);
  const failures: { input: string; what: string }[] = [];
  const figures = { answered: 0, refused: 0, believed: 0 };
  const [queries, replies] = [clientMessages(), upstreamMessages()];
  const client = new ClientSide();
  let slowestMs = 0;
  for (let number = 0; number < count; number++) {
    const corpus = number % 2 === 0 ? queries : replies;
    const input = Buffer.from(mutator.mutate(mutator.pick(corpus), corpus, TOKENS, LONGEST), 'latin1');
    const started = performance.now();
    try {
      if (corpus === queries) {
        const outcome = client.send(input);
        if (outcome !== undefined) figures[outcome]++;
      } else if (believe(input)) figures.believed++;
    } catch (error) {
      if (failures.length < FAILURES_KEPT)
        failures.push({ input: input.toString('hex'), what: String(error instanceof Error ? error.stack : error) });
    }
    const took = performance.now() - started;
    if (took > SLOW_MS) failures.push({ input: input.toString('hex'), what: `took ${Math.round(took)} ms` });
    slowestMs = Math.max(slowestMs, took);
  }
  return { inputs: count, seed, ...figures, failures, slowestMs: Math.round(slowestMs * 10) / 10 };
}

function fail(what: string): never {
  throw new Error(what);
}

/** A service whose names are all its own, so that every answer comes at once. */
class ClientSide {
  #records = 0;
  readonly #service: DnsService;

  constructor() {
    const gatekeeper = new Gatekeeper(policyOf(PLAIN), {
      record: () => this.#records++,
      observe: false,
      isOwn: () => false,
      newId: () => 'id',
      clock: { now: () => 0, time: () => '2026-11-26T00:00:00.000Z' },
    });
    const many = Array.from({ length: 30 }, (_, at) => address(`93.0.0.${at}`));
    const resolver = new Resolver({
      upstreams: [{ by: 'udp', address: LOOPBACK, port: 1 }],
      splits: [],
      local: new Map([
        [name('api.example'), many],
        [name('a.wild.example'), [address('2606::1')]],
      ]),
      limits: { ...RESOLVER_LIMITS, outstanding: 0 },
      now: () => 0,
    });
    const budgets = { ...DNS_BUDGET_LIMITS, perSecond: 1e9, burst: 1e9 };
    this.#service = new DnsService({
      gatekeeper,
      resolver,
      feed: undefined,
      types: ALLOWABLE_DNS_TYPES,
      refuseBy: 'refused',
      budgets,
    });
  }

  /** Names are opened nowhere, so that an answer with addresses is a failure of the kernel's (SERVFAIL): other types are answered. */
  send(input: Buffer): 'answered' | 'refused' | undefined {
    const before = this.#records;
    const replies: Buffer[] = [];
    const willAnswer = this.#service.take(input, {
      endpoint: { address: LOOPBACK, port: 9 },
      text: '127.0.0.1',
      client: AGENT,
      by: 'udp',
      send: (reply) => replies.push(reply),
    });
    if (!willAnswer)
      return replies.length > 0 || this.#records > before ? fail('noise was answered or recorded') : undefined;
    if (replies.length > 1) fail('more than one answer');
    if (this.#records !== before + 1 && replies.length === 1) fail(`${this.#records - before} records of one decision`);
    const [reply] = replies;
    if (reply === undefined) return undefined; // it waits for the kernel, which is another turn of the loop
    if (reply.length > UDP_BYTES || reply.length < 12) fail(`${reply.length} bytes`);
    if (reply.readUInt16BE(0) !== input.readUInt16BE(0)) fail('another id');
    const packet = dnsPacket.decode(reply);
    if (!packet.flag_qr) fail('no answer by its flags');
    if (dnsPacket.decode.bytes !== reply.length) fail('something behind the answer');
    return (reply.readUInt8(3) & 15) === 0 ? 'answered' : 'refused';
  }
}

const QUESTION = { name: name('api.example'), type: TYPE.A };
const ASKED = queryOf('api.example', 'A', { additionals: [] });

/** @returns whether anything is believed. */
function believe(input: Buffer): boolean {
  if (input.length < 12) return false;
  input.writeUInt16BE(ASKED.readUInt16BE(0), 0); // ids are another test's
  if (!answersQuery(input, ASKED, false)) return false;
  const reply = readReply(input);
  if (reply === undefined) return false;
  const answer = validated(QUESTION, reply, ANSWER_LIMITS, 0);
  if (answer.kind === 'failed') return false;
  const chain = answer.records.filter(({ type }) => type === TYPE.CNAME);
  const addresses = answer.records.flatMap((record) => record.address ?? []);
  if (chain.length > ANSWER_LIMITS.aliases || addresses.length > ANSWER_LIMITS.records) fail('too much');
  if (answer.records.some(({ type }) => type !== TYPE.A && type !== TYPE.CNAME)) fail('another type');
  if (answer.records[0] !== undefined && answer.records[0].owner !== QUESTION.name) fail('the chain begins elsewhere');
  if (answer.until < ANSWER_LIMITS.leastSeconds * 1_000 || answer.until > ANSWER_LIMITS.mostSeconds * 1_000)
    fail('its time');
  const seen = librarysAddresses(input);
  if (seen !== undefined)
    for (const each of addresses) if (!seen.has(formatAddress(each))) fail(`${formatAddress(each)} is not in it`);
  const template = new ReplyTemplate(ASKED.subarray(12), rcodeOf(answer.hasName), answer.records, answer.authority, 0);
  const told = dnsPacket.decode(
    template.to({ message: ASKED, questionEnd: ASKED.length, edns: undefined, mostBytes: 65_535 }, 0),
  );
  if ((told.answers ?? []).length !== answer.records.length) fail('told otherwise');
  return answer.records.length > 0;
}

/** Every address that the library finds in an answer; `undefined` where it cannot read it. */
function librarysAddresses(input: Buffer): Set<string> | undefined {
  try {
    return new Set((dnsPacket.decode(input).answers ?? []).flatMap((each) => (each.type === 'A' ? [each.data] : [])));
  } catch {
    return undefined;
  }
}

function clientMessages(): string[] {
  const names = ['api.example', 'a.wild.example', 'evil.example', `${'x'.repeat(63)}.wild.example`];
  const messages = names.flatMap((each) => [
    queryOf(each, 'A'),
    queryOf(each, 'AAAA', { additionals: [] }),
    queryOf(each, 'TXT'),
  ]);
  return messages.map((each) => each.toString('latin1'));
}

function upstreamMessages(): string[] {
  const a = (owner: string, data: string): PacketAnswer => ({ type: 'A', name: owner, ttl: 60, data });
  const alias = (owner: string, data: string): PacketAnswer => ({ type: 'CNAME', name: owner, ttl: 60, data });
  const soa: PacketAnswer = {
    type: 'SOA',
    name: 'example',
    ttl: 60,
    data: { mname: 'ns.example', rname: 'root.example', minimum: 60 },
  };
  const answers: PacketAnswer[][] = [
    [a('api.example', '93.0.0.1'), a('api.example', '93.0.0.2')],
    [
      alias('api.example', 'b.example'),
      alias('b.example', 'c.example'),
      a('c.example', '93.0.0.1'),
      a('evil.example', '93.6.6.6'),
    ],
    [
      { type: 'MX', name: 'api.example', ttl: 60, data: { preference: 1, exchange: 'mail.example' } },
      { type: 'SRV', name: 'api.example', ttl: 60, data: { port: 1, target: 'x.example' } },
    ],
    [],
  ];
  const written = answers.map((each) =>
    dnsPacket.encode({
      type: 'response',
      id: 1,
      questions: [{ type: 'A', name: 'api.example' }],
      answers: each,
      authorities: [soa],
    }),
  );
  // As servers write it: names shortened by pointers to the question.
  const short = Buffer.concat([
    written[3]!.subarray(0, 29),
    Buffer.from('c00c00010001000000080004', 'hex'),
    Buffer.of(93, 0, 0, 1),
  ]);
  short.writeUInt16BE(1, 6);
  short.writeUInt16BE(0, 8);
  return [...written, short].map((each) => each.toString('latin1'));
}

if (import.meta.main) {
  const [count = '1000000', seed = '1'] = process.argv.slice(2);
  const result = fuzzDns(Number(count), Number(seed));
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  process.exitCode = result.failures.length === 0 ? 0 : 1;
}
