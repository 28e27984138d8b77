import { setTimeout as sleep } from 'node:timers/promises';
import dnsPacket from 'dns-packet';
import { refusalIn } from '../agent-names.ts';
import type { AgentAnswer } from '../agent-tasks.ts';
import { type Attempt, allowed, denied } from '../attempt.ts';
import { must } from '../commands.ts';
import { EVIL, GIT, THEIRS, UNTOUCHED } from '../outer.ts';
import { AGENT, LANES, OTHER, PROXY, reasonIn, type World } from '../world.ts';

/** Where programs ask that know no better: the kernel leads them to the gateway. */
const HARD_CODED = '@8.8.8.8';

const HARD_CODED_6 = '@2001:4860:4860::8888';

/** Response codes (RFC 1035 4.1.1). */
const FORMERR = 1;
const NOTIMP = 4;

/** Names, types and answers: what an agent can ask, and what it may be told. */
export const DNS: readonly Attempt[] = [
  allowed('-', 'an allowed name is looked up', /^NOERROR A 93\.184\.216\.34$/, (world) =>
    world.dig(HARD_CODED, 'allowed.example', 'A'),
  ),
  allowed(
    '-',
    'the same by TCP, by IPv6, and by IPv6 and TCP',
    /^(?:NOERROR A 93\.184\.216\.34(?:; |$)){3}/,
    async (world) => {
      const ways = [[HARD_CODED, '+tcp'], [HARD_CODED_6], [HARD_CODED_6, '+tcp']];
      const told: string[] = [];
      for (const way of ways) told.push(await world.dig(...way, 'allowed.example', 'A'));
      return told.join('; ');
    },
  ),
  denied(
    'D1',
    'an unlisted name is looked up by IPv6',
    /^REFUSED unlisted-name; REFUSED unlisted-name$/,
    async (world) => {
      const byUdp = await world.dig(HARD_CODED_6, 'secret-6.unlisted.example', 'A');
      return `${byUdp}; ${await world.dig(HARD_CODED_6, '+tcp', 'secret-6.unlisted.example', 'A')}`;
    },
  ),
  denied('D1', 'an unlisted name is looked up', /^REFUSED unlisted-name$/, (world) =>
    world.dig(HARD_CODED, 'secret-0.unlisted.example', 'A'),
  ),
  denied('D1', 'curl is given an unlisted name', /^curl 6$/, (world) =>
    world.curl('https://secret-1.unlisted.example/'),
  ),
  denied('D1', 'an unlisted name that carries data in long labels', /^REFUSED unlisted-name$/, (world) =>
    world.dig(HARD_CODED, `${'mzxw6ytboi2dgnbvgy3tqojqmzxw6ytboi2dgnbv'}.${'a'.repeat(63)}.unlisted.example`, 'A'),
  ),
  denied(
    'D2',
    'names that look like data below an allowed wildcard, 30 of them',
    /^10 looked up, 20 refused: budget$/,
    (world) =>
      counted(
        world,
        Array.from({ length: 30 }, (_, at) => `jb2hi4tfnrscayltebqx${at}eyimzxw6yt.wild.example`),
      ),
  ),
  denied('D2', 'the same from other addresses of this machine', /^0 looked up, 20 refused: budget$/, (world) =>
    counted(
      world,
      Array.from({ length: 20 }, (_, at) => `jb2hi4tfnrscayltebqx${at}eyimzxw6yu.wild.example`),
      (at) => `127.0.1.${at + 1}`,
    ),
  ),
  denied('D2', 'one that is longer than names are', /^REFUSED budget$/, (world) =>
    world.dig(HARD_CODED, `${'a.'.repeat(70)}wild.example`, 'A'),
  ),
  ...['TXT', 'NULL', 'ANY', 'MX', 'SRV', 'TYPE65280'].map((type) =>
    denied('D3', `${type} of an allowed name`, /^REFUSED query-type$/, (world) =>
      world.dig(HARD_CODED, 'allowed.example', type),
    ),
  ),
  denied('D3', 'AXFR of an allowed name', /^(?:REFUSED query-type|no answer.*)$/, (world) =>
    world.dig(HARD_CODED, 'allowed.example', 'AXFR'),
  ),
  denied('D3', 'class CH', /^REFUSED query-type$/, (world) => world.dig(HARD_CODED, 'allowed.example', 'A', 'CH')),
  denied('D4', 'a hard-coded resolver is asked for an unlisted name, UDP, IPv4', /^REFUSED unlisted-name$/, (world) =>
    world.dig(HARD_CODED, '+notcp', 'hard-0.unlisted.example', 'A'),
  ),
  denied('D4', 'the same by TCP', /^REFUSED unlisted-name$/, (world) =>
    world.dig(HARD_CODED, '+tcp', 'hard-1.unlisted.example', 'A'),
  ),
  denied('D4', 'the same by UDP and IPv6', /^REFUSED unlisted-name$/, (world) =>
    world.dig(`@${UNTOUCHED[6]}`, '+notcp', 'hard-2.unlisted.example', 'A'),
  ),
  denied('D4', 'the same by TCP and IPv6', /^REFUSED unlisted-name$/, (world) =>
    world.dig(`@${UNTOUCHED[6]}`, '+tcp', 'hard-3.unlisted.example', 'A'),
  ),
  denied('D4', 'the resolver that the gateway itself asks', /^REFUSED unlisted-name$/, (world) =>
    world.dig('@9.9.9.9', 'hard-4.unlisted.example', 'A'),
  ),
  denied('D5', 'DNS over TLS', /^curl 7$/, (world) => world.curl('telnet://8.8.8.8:853')),
  denied('D5', 'DNS over QUIC', /^(?:ECONNREFUSED|EPERM), at once$/, (world) => datagram(world, UNTOUCHED[4], 853)),
  ...(
    [
      ['mDNS', '224.0.0.251', 5_353],
      ['mDNS, IPv6', 'ff02::fb%out', 5_353],
      ['LLMNR', '224.0.0.252', 5_355],
      ['NetBIOS names', '198.18.0.255', 137],
    ] as const
  ).map(([what, host, port]) =>
    denied('D5', what, /^(?:ECONNREFUSED|EPERM|EACCES|EINVAL), at once$/, (world) => datagram(world, host, port)),
  ),
  denied('D6', 'DNS over HTTPS at an unlisted name', /^unlisted-name$/, (world) =>
    world.curl('-x', PROXY, 'http://doh.unlisted.example/dns-query?dns=AAAB'),
  ),
  denied('D6', 'DNS over HTTPS at an address', /^curl 6$/, (world) =>
    world.curl('--doh-url', 'https://8.8.8.8/dns-query', '--doh-insecure', 'https://doh.unlisted.example/'),
  ),
  denied('D6', 'a name that somebody else has resolved, at the address that it got', /^curl 35$/, (world) =>
    world.curl('--resolve', `evil.example:443:${EVIL}`, 'https://evil.example/'),
  ),
  denied('D7', 'CONNECT to an unlisted name', /^403 unlisted-name$/, async (world) => {
    const { said } = await world.proxy(
      'CONNECT seven.unlisted.example:443 HTTP/1.1\r\nHost: seven.unlisted.example:443\r\n\r\n',
    );
    return `${said.slice(9, 12)} ${reasonIn(said)}`;
  }),
  allowed('D10', 'a time to live of 0', /^at least 5 s$/, async (world) =>
    seconds(await lookUp(world, 'short.example')),
  ),
  allowed('D10', 'a time to live of 2^31', /^at least 5 s$/, async (world) =>
    seconds(await lookUp(world, 'long.example')),
  ),
  allowed('D10', '200 addresses for one name', /^NOERROR, 32 addresses$/, async (world) => {
    const [status, ...answers] = (await world.dig(HARD_CODED, '+tcp', 'lots.example', 'A')).split(/ (?=A )/);
    return `${status}, ${answers.length} addresses`;
  }),
  allowed(
    'D11',
    'an alias that leads elsewhere: the chain, and nothing beside it',
    /^NOERROR CNAME hidden\.example\., A 93\.184\.216\.34$/,
    (world) => world.dig(HARD_CODED, 'alias.example', 'A'),
  ),
  denied('D11', 'the name that it leads to, asked for by itself', /^REFUSED unlisted-name$/, (world) =>
    world.dig(HARD_CODED, 'hidden.example', 'A'),
  ),
  allowed(
    'D11',
    'an allowed name, of which the answer to another has told an attacker’s address',
    /^NOERROR A 93\.184\.216\.34$/,
    (world) => world.dig(HARD_CODED, 'allowed.example', 'A'),
  ),
  denied('D11', 'an alias to itself', /^SERVFAIL/, (world) => world.dig(HARD_CODED, 'loop.example', 'A')),
  denied(
    'D11',
    'an alias to nowhere, beside it the address of another name',
    /^NOERROR CNAME nowhere\.example\.$/,
    (world) => world.dig(HARD_CODED, 'stray.example', 'A'),
  ),
  ...['rebind', 'private', 'metadata', 'own'].flatMap((name) => [
    ...['A', 'AAAA'].map((type) =>
      denied(
        'D12',
        `${type} of a name that stands for addresses nobody may have: ${name}`,
        /^(?:REFUSED special-address|NOERROR)$/,
        (world) => world.dig(HARD_CODED, `${name}.example`, type),
      ),
    ),
    denied('D12', `the gateway is to dial it: ${name}`, /^(?:own|special)-address$/, (world) =>
      world.curl('-x', PROXY, `http://${name}.example/`),
    ),
  ]),
  allowed(
    'D13',
    'answers with other ids, letters and ports come ahead of the right one',
    /^NOERROR A 93\.184\.216\.34$/,
    (world) => world.dig(HARD_CODED, 'spoofed.example', 'A'),
  ),
  ...malformed(),
  allowed('D14', 'and it answers as before', /^NOERROR A 93\.184\.216\.34$/, (world) =>
    world.dig(HARD_CODED, 'allowed.example', 'A'),
  ),
  denied('D15', 'a name that only another agent may have', /^REFUSED unlisted-name$/, (world) =>
    world.dig(HARD_CODED, 'theirs.example', 'A'),
  ),
  denied(
    'D15',
    'an address that another agent has just had opened',
    /^another: SSH, this one: curl 7$/,
    async (world) => {
      await lookUp(world, 'theirs.example', OTHER);
      const { said } = await world.tcp({ host: THEIRS, port: 22, pieces: [], enough: 'SSH' }, OTHER);
      return `another: ${said.slice(0, 3)}, this one: ${await world.curl(`telnet://${THEIRS}:22`)}`;
    },
  ),
];

/** What takes seconds, most of them waiting. */
export const DNS_BESIDE: readonly Attempt[] = [
  allowed('D9', 'the kernel holds an address for longer than each answer is good', /^yes, yes$/, async (world) => {
    const holds: string[] = [];
    for (const pauseMs of [0, 5_200]) {
      await sleep(pauseMs); // behind what the gateway relies upon without looking
      const left = ttlOf(await lookUp(world, 'git.example'));
      const held = await heldFor(GIT);
      holds.push(held >= left + 55 ? 'yes' : `answer ${left} s, kernel ${held} s`);
    }
    return holds.join(', ');
  }),
  allowed(
    'D9, D10',
    'an address is gone from the kernel, and its name turns to another; a flow that lives, and who asks again',
    /^it lives; again: SSH$/,
    async (world) => {
      const first = await lookUp(world, 'turning.example');
      const [address = ''] = addressesIn(first);
      const living = world.tcp({
        host: address,
        port: 22,
        pieces: Array.from({ length: 30 }, () => 'tick\n'),
        gapMs: 200,
        enough: '(?:tick\n){30}',
        waitMs: 15_000,
      });
      await sleep(500);
      await must('nft', ['delete', 'element', 'inet', 'portcullis', 'names4-git', `{ ${address} }`]);
      await sleep(5_200);
      const [another = ''] = addressesIn(await lookUp(world, 'turning.example'));
      const again = await world.tcp({ host: another, port: 22, pieces: [], enough: 'SSH' });
      const { said } = await living;
      const lives = said.split('tick').length === 31 && another !== address ? 'it lives' : `${another} ${said.length}`;
      return `${lives}; again: ${again.said.slice(0, 3)}`;
    },
  ),
  allowed('D13', 'an answer that comes too late is nobody’s', /^NOERROR A 93\.184\.216\.34$/, (world) =>
    world.dig(HARD_CODED, 'late.example', 'A'),
  ),
];

const CONNECTS_OF_LANE = 1_000;
const NAMES_OF_LANE = 200;

/** As much as there is of two processors. */
export const DNS_LOAD: readonly Attempt[] = [
  allowed(
    'D8',
    'a connection right behind the answer, 10,000 times, to 2,000 names',
    /^10000 passed, 0 dropped$/,
    async (world) => {
      const answers = await Promise.all(
        LANES.map((lane, index) => {
          const names = Array.from({ length: NAMES_OF_LANE }, (_, at) => `n${index * NAMES_OF_LANE + at}.many.example`);
          return world.as(lane).does({ do: 'names', names, connects: CONNECTS_OF_LANE, port: 22 });
        }),
      );
      const sum = (pattern: RegExp): number =>
        answers.reduce((all, { end }) => all + Number(pattern.exec(end)?.[1]), 0);
      const why = [...new Set(answers.flatMap(({ said }) => said || []))].join(', ');
      return `${sum(/(\d+) passed/)} passed, ${sum(/(\d+) dropped/)} dropped${why && `: ${why}`}`;
    },
  ),
];

/** When everything else is done. */
export const DNS_AFTERWARDS: readonly Attempt[] = [
  denied('D1, D4, D7', 'the resolver outside was ever asked for a name that no flow leads to', /^false$/, (world) =>
    String(['unlisted', 'hidden.example', 'nowhere.example'].some((name) => world.wasAskedFor(name))),
  ),
];

/** Messages that no resolver should fall over (RFC 1035 4.1). */
function malformed(): readonly Attempt[] {
  const query = (packet: Parameters<typeof dnsPacket.encode>[0] = {}): Buffer =>
    dnsPacket.encode({ type: 'query', id: 7, questions: [{ type: 'A', name: 'allowed.example' }], ...packet });
  const looping = Buffer.concat([query().subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
  const pointing = Buffer.concat([query().subarray(0, 12), Buffer.from([3, 0x61, 0x62, 0x63, 0xc0, 12, 0, 1, 0, 1])]);
  const two = query({
    questions: [
      { type: 'A', name: 'allowed.example' },
      { type: 'A', name: 'two.unlisted.example' },
    ],
  });
  const update = query();
  update.writeUInt16BE(5 << 11, 2);
  const cases: readonly (readonly [string, Buffer, number | 'silence'])[] = [
    ['a name that points to itself', looping, FORMERR],
    ['a name that points back', pointing, FORMERR],
    ['two questions', two, FORMERR],
    ['no question', query({ questions: [] }), FORMERR],
    ['a label without an end', query().subarray(0, 20), FORMERR],
    ['bytes behind the question', Buffer.concat([query(), Buffer.alloc(500, 0xff)]), FORMERR],
    ['an update', update, NOTIMP],
    ['four bytes', Buffer.from([1, 2, 3, 4]), 'silence'],
    ['an answer', query({ type: 'response' }), 'silence'],
  ];
  return cases.flatMap(([what, message, expected]) =>
    (['udp', 'tcp'] as const).map((by) => {
      const must = expected === 'silence' ? /^(?:silence|closed|ECONNRESET)$/ : new RegExp(`^code ${expected}$`);
      return denied('D14', `${what}, ${by.toUpperCase()}`, must, async (world) =>
        codeOf(await ask(world, by, message)),
      );
    }),
  );
}

async function ask(world: World, by: 'udp' | 'tcp', message: Buffer): Promise<AgentAnswer> {
  const to = { host: UNTOUCHED[4], port: 53, waitMs: 1_000 };
  if (by === 'udp') return world.udp({ ...to, data: message.toString('latin1') });
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  const pieces = [Buffer.concat([length, message]).toString('latin1')];
  const answer = await world.tcp({ ...to, pieces, halfClose: true });
  return { ...answer, said: answer.said.slice(2) };
}

function codeOf({ said, end }: AgentAnswer): string {
  return said === '' ? end : `code ${said.charCodeAt(3) & 15}`;
}

/** Looks names up and counts what came of them. @param from the address that each is sent from */
async function counted(world: World, names: readonly string[], from?: (at: number) => string): Promise<string> {
  const answers = await Promise.all(names.map((name, at) => lookUp(world, name, AGENT, from?.(at))));
  const refused = answers.filter(({ rcode }) => rcode !== 0);
  const reasons = new Set(refused.map(({ why }) => why));
  return `${answers.length - refused.length} looked up, ${refused.length} refused: ${[...reasons].join()}`;
}

interface Looked {
  readonly rcode: number;
  readonly why: string | undefined;
  readonly answers: readonly dnsPacket.Answer[];
}

async function lookUp(world: World, name: string, account = AGENT, from?: string): Promise<Looked> {
  const options = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: 1_232,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  } as const;
  const message = dnsPacket.encode({
    type: 'query',
    id: 4_711,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type: 'A', name }],
    additionals: [{ ...options, options: [] }],
  });
  const sender = from === undefined ? {} : { from };
  const to = from === undefined ? { host: UNTOUCHED[4], port: 53 } : { host: '127.0.0.1', port: 5_300 };
  const { said, end } = await world.udp({ ...to, ...sender, data: message.toString('latin1') }, account);
  if (said === '') return { rcode: -1, why: end, answers: [] };
  const { flags = 0, answers = [] } = dnsPacket.decode(Buffer.from(said, 'latin1'));
  return { rcode: flags & 15, why: refusalIn(said), answers };
}

function ttlOf({ answers }: Looked): number {
  return Math.max(...answers.map((each) => ('ttl' in each ? (each.ttl ?? 0) : 0)));
}

function seconds(looked: Looked): string {
  const ttl = ttlOf(looked);
  return ttl >= 5 && ttl <= 3_600 ? 'at least 5 s' : `${ttl} s`;
}

function addressesIn({ answers }: Looked): readonly string[] {
  return answers.flatMap((each) => (each.type === 'A' ? each.data : []));
}

/** For how much longer the kernel lets packets through to an address of the zone `git`, seconds. */
async function heldFor(address: string): Promise<number> {
  const text = await must('nft', ['list', 'set', 'inet', 'portcullis', 'names4-git']);
  const expires = new RegExp(`${address} timeout \\S+ expires (?:(\\d+)m)?(?:(\\d+)s)?`).exec(text);
  return expires === null ? -1 : Number(expires[1] ?? 0) * 60 + Number(expires[2] ?? 0);
}

/** A datagram, and how soon its sender knows that it went nowhere. */
async function datagram(world: World, host: string, port: number): Promise<string> {
  const { end, ms } = await world.udp({ host, port, data: 'anybody there?' });
  return `${end}, ${ms < 500 ? 'at once' : `${Math.round(ms)} ms`}`;
}
