import { createHash } from 'node:crypto';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { selfSigned } from '../lab/certificate.ts';
import { type Account, Agent, runAs } from './agent.ts';
import type { AgentAnswer, TcpTask, UdpTask } from './agent-tasks.ts';
import { attackedNetwork } from './attacked-network.ts';
import { type Done, Going, must, run } from './commands.ts';
import { CORP_RESOLVER, NAS, RESOLVER } from './outer.ts';

export const AGENT: Account = { uid: 61_000 };
export const GATEWAY: Account = { uid: 61_001 };
export const OTHER: Account = { uid: 61_002 };
/** One that is asked for no credentials. */
export const NEIGHBOUR: Account = { uid: 61_003 };
/** The agent, where somebody was so careless as to let it open raw sockets. */
export const CAPABLE: Account = { ...AGENT, capabilities: ['net_raw'] };
/** Accounts with nothing to do but look up and connect. */
export const LANES: readonly Account[] = Array.from({ length: 10 }, (_, at) => ({ uid: 61_010 + at }));

/** That `OTHER` may show to the proxies. */
export const TOKEN_OF_OTHER = 'a-long-random-token';
export const PROXY = 'http://127.0.0.1:3128';
export const PROXY_AT = { host: '127.0.0.1', port: 3_128 } as const;
export const SOCKS_AT = { host: '127.0.0.1', port: 1_080 } as const;
/** The same proxy behind TLS, under a name of its certificate. */
export const TLS_PROXY = 'https://proxy.example:3130';
const TLS_FILES = '/run/attacked'; // in the world's own /run
const NODE = process.execPath;
const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');

const WEB = ['allowed', 'alias', 'loop', 'stray', 'short', 'long', 'lots', 'spoofed', 'late', 'hidden-names'];
export const FLOWS = `  - { name: web, from: agent, to: [${WEB.map((name) => `${name}.example`).join(', ')}, "*.wild.example"], service: [https, http] }
  - { name: rebinding, from: agent, to: [rebind.example, private.example, metadata.example, own.example], service: [https, http] }
  - { name: relay, from: agent, to: relay.example, service: tcp/8080 }
  - { name: git, from: agent, to: git, service: ssh }
  - { name: theirs, from: other, to: theirs, service: ssh }
  - { name: other, from: other, to: allowed.example, service: https }
  - { name: neighbour, from: neighbour, to: allowed.example, service: http }
  - { name: many, from: lanes, to: many, service: ssh }
  - { name: nas, from: agent, to: nas.home.arpa, service: http }
  - { name: corp, from: agent, to: "*.corp.example", service: http }
  - { name: files, from: agent, to: files, service: http }
`;

/** @param more lines of the policy's top level */
export function policyText(flows: string, more = ''): string {
  return `portcullis: 1
name: attacked
gateway:
  upstream: ${RESOLVER}
  domains: { corp.example: ${CORP_RESOLVER} }
  hosts: { nas.home.arpa: ${NAS}, files.home.arpa: 10.77.0.9 }
  tls: { listen: "127.0.0.1:3130", certificate: ${TLS_FILES}/certificate.pem, key: ${TLS_FILES}/key.pem }
  user: ${GATEWAY.uid}
  credentials: { user: other, zone: other, digest: "${createHash('sha256').update(TOKEN_OF_OTHER).digest('hex')}" }
${more}zones:
  agent: { host: { users: [${AGENT.uid}] } }
  other: { host: { users: [${OTHER.uid}] } }
  neighbour: { host: { users: [${NEIGHBOUR.uid}] } }
  lanes: { host: { users: [${LANES.map(({ uid }) => uid).join(', ')}] } }
  git: { domains: [git.example, turning.example], enforce: resolved }
  theirs: { domains: [theirs.example], enforce: resolved }
  many: { domains: ["*.many.example"], enforce: resolved }
  files: { addresses: 10.77.0.9 }
flows:
${flows}`;
}

/** One machine with agents and a gateway, and the world outside. */
export class World {
  readonly outer: Going;
  readonly syslog: Going; // of the machine
  readonly #folder: string;
  readonly #agents = new Map<Account, Agent>();
  #gateway: Going | undefined;

  private constructor(folder: string, outer: Going, syslog: Going) {
    this.#folder = folder;
    this.outer = outer;
    this.syslog = syslog;
  }

  /** In the namespaces of this process, which are its own. @param folder an empty one */
  static async make(folder: string): Promise<World> {
    await attackedNetwork(folder);
    const key = join(folder, 'key.pem');
    const certificate = join(folder, 'certificate.pem');
    const made = await selfSigned([
      'allowed.example',
      'evil.example',
      'approved.example',
      'relay.example',
      '*.wild.example',
      'proxy.example',
    ]);
    mkdirSync(TLS_FILES);
    certify(made);
    writeFileSync(key, made.key);
    writeFileSync(certificate, made.cert);
    const main = join(import.meta.dirname, 'outer-main.ts');
    const outer = new Going('ip', ['netns', 'exec', 'outer', NODE, main, key, certificate]);
    await outer.says('ready');
    const syslog = new Going(NODE, [join(import.meta.dirname, 'syslog-main.ts'), join(folder, 'syslog')]);
    await syslog.says('ready');
    const world = new World(folder, outer, syslog);
    world.writePolicy(policyText(FLOWS));
    return world;
  }

  at(name: string): string {
    return join(this.#folder, name);
  }

  get policy(): string {
    return this.at('policy.yaml');
  }

  get socket(): string {
    return this.at('run/control.sock');
  }

  writePolicy(text: string): void {
    writeFileSync(this.policy, text);
  }

  /** Another certificate for the proxy behind TLS. @param readable by the gateway's account */
  async renew(name: string, readable: boolean): Promise<void> {
    certify(await selfSigned([name]));
    chownSync(join(TLS_FILES, 'key.pem'), readable ? GATEWAY.uid : 0, 0);
  }

  /** What the gateway has decided last, and what it has said. */
  decided(count: number): readonly string[] {
    try {
      const decisions = readFileSync(this.at('log/decisions.jsonl'), 'utf8').trimEnd().split('\n');
      return [...decisions.slice(-count), ...this.gateway.said.trimEnd().split('\n').slice(-count)];
    } catch (error) {
      return [String(error)];
    }
  }

  /** What the policy asks of the kernel, as a person has it written. */
  rules(): Promise<string> {
    return must(NODE, [MAIN, 'render', 'nftables', this.policy]);
  }

  /** Puts it in force, as a person does who loads it by hand. */
  async enforce(edited = (rules: string): string => rules): Promise<void> {
    await must('nft', ['-f', '-'], edited(await this.rules()));
  }

  get #run(): string[] {
    const places = [
      '--log',
      this.at('log/decisions.jsonl'),
      '--syslog',
      this.at('syslog'),
      '--state',
      this.at('state'),
      '--socket',
      this.socket,
    ];
    return [MAIN, 'gateway', 'run', this.policy, ...places];
  }

  /** Where it must not start. */
  tryToStart(): Promise<Done> {
    return run(NODE, this.#run);
  }

  /** Starts the gateway. */
  async start(): Promise<void> {
    this.#gateway = new Going(NODE, this.#run);
    await this.#gateway.says('dns ');
  }

  /** The gateway that was started last. */
  get gateway(): Going {
    if (this.#gateway === undefined) throw new Error('no gateway was started');
    return this.#gateway;
  }

  /** A file with 256 KiB that nobody should have. */
  get secret(): string {
    const path = this.at('secret');
    writeFileSync(path, Buffer.alloc(262_144, 's'));
    return path;
  }

  as(account: Account): Agent {
    const known = this.#agents.get(account);
    if (known !== undefined) return known;
    const agent = new Agent(account);
    this.#agents.set(account, agent);
    return agent;
  }

  /** What a fetch came to: the reason of a refusal, the first line of the body, or curl's own number of the error. */
  async curl(...args: readonly string[]): Promise<string> {
    return fetched(await this.curlDone(...args));
  }

  curlDone(...args: readonly string[]): Promise<Done> {
    const usual = ['-q', '-sS', '-m', '8', '--noproxy', '', '--cacert', this.at('certificate.pem')];
    return runAs(AGENT, 'curl', ...usual, ...args);
  }

  /** Status and answers of a lookup: `NOERROR 93.184.216.34`, `REFUSED unlisted-name`, or why there is none. */
  async dig(...args: readonly string[]): Promise<string> {
    const { code, out } = await runAs(AGENT, 'dig', '+tries=1', '+time=5', '+nocookie', ...args);
    const status = /status: ([A-Z]+)/.exec(out)?.[1];
    if (status === undefined) return `no answer (exit ${code})`;
    const why = /; EDE: \d+(?: \([^)]*\))?: \(([a-z -]+)/.exec(out)?.[1];
    const answers = [...out.matchAll(/^[^;\s]\S*\s+\d+\s+(?:IN|CH)\s+([A-Z0-9]+\s+.*)$/gm)].map(
      ([, text = '']) => text,
    );
    return [status, why, answers.map((each) => each.replace(/\s+/g, ' ')).join(', ')].filter(Boolean).join(' ');
  }

  /** What a handshake came to: `handshake`, `alert access denied`, or what else OpenSSL says last. */
  async openssl(...args: readonly string[]): Promise<string> {
    const { code, out, err } = await runAs(AGENT, 'timeout', '8', 'openssl', 's_client', '-brief', ...args);
    const said = `${out}${err}`;
    const alert = /alert ([a-z ]+?)(?::|$)/m.exec(said)?.[1];
    if (/CONNECTION ESTABLISHED/.test(said)) return 'handshake';
    return alert === undefined ? `exit ${code}: ${said.trim().split('\n').at(-1)}` : `alert ${alert}`;
  }

  /** @param account by default the agent */
  udp(task: Omit<UdpTask, 'do' | 'waitMs'> & { readonly waitMs?: number }, account = AGENT): Promise<AgentAnswer> {
    return this.as(account).does({ waitMs: 3_000, ...task, do: 'udp' });
  }

  tcp(task: Omit<TcpTask, 'do' | 'waitMs'> & { readonly waitMs?: number }, account = AGENT): Promise<AgentAnswer> {
    return this.as(account).does({ waitMs: 5_000, ...task, do: 'tcp' });
  }

  /** Says something to the proxy by hand. */
  async proxy(...pieces: readonly string[]): Promise<AgentAnswer> {
    return this.tcp({ ...PROXY_AT, pieces, halfClose: true });
  }

  portcullis(...args: readonly string[]): Promise<string> {
    return must(NODE, [MAIN, ...args, '--socket', this.socket]);
  }

  /** The program without the socket of a running gateway. */
  runPortcullis(...args: readonly string[]): Promise<Done> {
    return run(NODE, [MAIN, ...args]);
  }

  /** Asks the gateway as its operator. @returns what it answers, JSON */
  operator(method: 'GET' | 'POST', path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.socket, method, path }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
      });
      asked.on('error', reject).end();
    });
  }

  /** How a shell is told to show requests for access: nothing in it is anybody's but ours. */
  get requestsCommand(): string {
    return `'${NODE}' '${MAIN}' requests --socket '${this.socket}'`;
  }

  /** Asks again and again. @returns what is right in the end, or what it was after two seconds */
  async eventually<T>(ask: () => T, isRight: (answer: T) => boolean): Promise<T> {
    const until = performance.now() + 2_000;
    let answer = ask();
    while (!isRight(answer) && performance.now() < until) {
      await new Promise((next) => setTimeout(next, 50));
      answer = ask();
    }
    return answer;
  }

  log(): string {
    return readFileSync(this.at('log/decisions.jsonl'), 'utf8');
  }

  /** What the gateway has written down. */
  records(): readonly GatewayLine[] {
    const lines = this.log().split('\n').slice(0, -1); // the last is not whole while it is written
    return lines.map((line): GatewayLine => JSON.parse(line));
  }

  /** The counters outside that count what should never arrive, of those that are not zero; from here on they begin anew. */
  async takeArrivals(): Promise<readonly string[]> {
    const text = await must('ip', ['netns', 'exec', 'outer', 'nft', 'reset', 'counters', 'table', 'inet', 'seen']);
    const counters = [...text.matchAll(/counter (\S+) \{\s+packets (\d+)/g)];
    return counters.flatMap(([, name = '', packets]) => (packets === '0' ? [] : name));
  }

  /** What has arrived that no attempt was looking for. */
  readonly strayed: string[] = [];

  /** Whether anybody has asked the resolver outside for a name with this in it. */
  wasAskedFor(name: string): boolean {
    return this.outer.said.split('\n').some((line) => line.startsWith('asked ') && line.includes(name));
  }

  async end(): Promise<void> {
    for (const agent of this.#agents.values()) agent.end();
    await Promise.all([this.outer.end('SIGKILL'), this.syslog.end('SIGKILL')]);
  }
}

interface GatewayLine {
  readonly host: string;
  readonly address?: string;
  readonly reason?: string;
  readonly agent: string;
  readonly verdict: string;
  readonly sent?: number;
}

function fetched({ code, out }: Done): string {
  const text = out.trim();
  const refused = reasonIn(text);
  return code === 0 ? (refused ?? text.split('\n')[0] ?? '') : `curl ${code}`;
}

/** The reason that the gateway gives in an answer. */
export function reasonIn(text: string): string | undefined {
  return /"reason": "([a-z-]+)"/.exec(text)?.[1];
}

/** What came of something that was said by hand: reason and status of HTTP, a message of TLS, or how it ended. */
export function outcome({ said, end }: AgentAnswer): string {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(said)?.[1];
  if (status !== undefined) return [status, reasonIn(said)].filter(Boolean).join(' ');
  if (said.startsWith('\x16\x03')) return 'ServerHello';
  if (said.startsWith('\x15\x03')) return `alert ${said.charCodeAt(6)}`;
  return said === '' ? end : JSON.stringify(said.slice(0, 40));
}

function certify({ key, cert }: { readonly key: string; readonly cert: string }): void {
  writeFileSync(join(TLS_FILES, 'key.pem'), key, { mode: 0o600 });
  writeFileSync(join(TLS_FILES, 'certificate.pem'), cert);
}
