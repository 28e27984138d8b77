import { readFileSync } from 'node:fs';
import { runAs } from '../agent.ts';
import { type Attempt, allowed, denied } from '../attempt.ts';
import { must } from '../commands.ts';
import { AGENT, FLOWS, OTHER, PROXY, policyText, TOKEN_OF_OTHER, type World } from '../world.ts';

const WITH_TOKEN = ['-q', '-sS', '-m', '8', '-x', `http://other:${TOKEN_OF_OTHER}@127.0.0.1:3128`];
const RIGHT = /^https allowed\.example allowed\.example \/$/;

/** What an agent is to be able to do: nothing is denied where nothing works. */
export const USE: readonly Attempt[] = [
  allowed('-', 'an allowed name through the proxy, plain', /^http allowed\.example \/$/, (world) =>
    world.curl('-x', PROXY, 'http://allowed.example/'),
  ),
  allowed('-', 'an allowed name through the proxy, TLS', RIGHT, (world) =>
    world.curl('-x', PROXY, 'https://allowed.example/'),
  ),
  allowed('-', 'an allowed name through SOCKS', RIGHT, (world) =>
    world.curl('-x', 'socks5h://127.0.0.1:1080', 'https://allowed.example/'),
  ),
  allowed('-', 'an account that shows its own credentials', RIGHT, async (world) => {
    const { out } = await runAs(
      OTHER,
      'curl',
      ...WITH_TOKEN,
      '--cacert',
      world.at('certificate.pem'),
      'https://allowed.example/',
    );
    return out.trim();
  }),
  allowed(
    '-',
    'what is denied is in the machine’s own log, too',
    /^<132>1 \S+Z \S+ portcullis \d+ gateway \[/,
    async (world) => {
      await world.curl('-x', PROXY, 'http://syslog.unlisted.example/');
      const lines = (): readonly string[] => world.syslog.said.split('\n');
      return world.eventually(
        () => lines().find((line) => line.includes('host="syslog.unlisted.example"')) ?? 'nothing',
        (line) => line !== 'nothing',
      );
    },
  ),
  denied('-', 'the credentials of another account', /^no-identity$/, (world) =>
    world.curl(...WITH_TOKEN, 'http://allowed.example/'),
  ),
  allowed('-', 'an allowed name for SSH', /^SSH-2\.0-outer$/, async () => {
    const { out } = await runAs(AGENT, 'nc', '-w', '1', '-d', 'git.example', '22');
    return out.trim();
  }),
];

/** Approvals and what becomes of them; most of it is waiting. */
export const APPROVED: readonly Attempt[] = [
  allowed(
    '-',
    'what was refused, when an operator has approved it',
    /^https approved\.example approved\.example \/$/,
    async (world) => {
      await world.curl('-x', PROXY, 'https://approved.example/');
      const { requests }: Requests = JSON.parse(await world.portcullis('requests', '--json'));
      const wanted = requests.find(({ host, port }) => host === 'approved.example' && port === 443);
      await world.portcullis('requests', 'approve', wanted?.id ?? 'none', '--for', '4s');
      return world.curl('-x', PROXY, 'https://approved.example/');
    },
  ),
  denied(
    'K8',
    'what is open when the approval ends is cut, and asked for again refused',
    /^cut; unlisted-name$/,
    async (world) => {
      const { code } = await world.curlDone('-m', '20', '-p', '-x', PROXY, 'https://approved.example/slow');
      return `${code === 28 || code === 0 ? `exit ${code}` : 'cut'}; ${await world.curl('-x', PROXY, 'http://approved.example/')}`;
    },
  ),
];

/** What the operator decided, and what became of it. */
export const LEDGER: readonly Attempt[] = [
  allowed(
    '-',
    'approvals and their ends stand in the ledger, with who it was',
    /^approved approved\.example:443 by root until \S+Z; ended approved\.example:443 by root$/,
    (world) =>
      readFileSync(world.at('state/ledger.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => {
          const { what, host, port, by, until }: Record<string, unknown> = JSON.parse(line);
          return `${what} ${host}:${port} by ${by}${until === undefined ? '' : ` until ${until}`}`;
        })
        .join('; '),
  ),
];

interface Requests {
  readonly requests: readonly { readonly id: string; readonly host: string; readonly port: number }[];
}

/** What an operator tries and changes. */
export const OPERATED: readonly Attempt[] = [
  denied('-', '`gateway verify` tries as the agent what must not work', /^exit 0: 0 of 43$/, async (world) => {
    const { code, out } = await world.runPortcullis('gateway', 'verify', world.policy, '--json');
    const { tried }: { readonly tried: readonly { readonly isOpen: boolean }[] } = JSON.parse(out);
    return `exit ${code}: ${tried.filter(({ isOpen }) => isOpen).length} of ${tried.length}`;
  }),
  denied(
    'K8',
    'a narrower policy is read: an open tunnel to what it no longer has is cut',
    /^the policy was read again; cut within a second; unlisted-name$/,
    async (world) => {
      const tunnel = world.curlDone('-m', '20', '-p', '-x', PROXY, 'https://allowed.example/slow');
      await new Promise((next) => setTimeout(next, 700));
      world.writePolicy(policyText(FLOWS.replaceAll('allowed.example', 'mail.example')));
      const [said = ''] = (await world.portcullis('gateway', 'reload')).split(';');
      const began = performance.now();
      const { code } = await tunnel;
      const cut = code !== 28 && performance.now() - began < 1_000 ? 'cut within a second' : `exit ${code}`;
      return `${said}; ${cut}; ${await world.curl('-x', PROXY, 'http://allowed.example/')}`;
    },
  ),
  allowed('K8', 'and when it has it again', RIGHT, async (world) => {
    world.writePolicy(policyText(FLOWS));
    await world.portcullis('gateway', 'reload');
    return world.curl('https://allowed.example/');
  }),
];

/** At the very end, when the rules are gone: that the program which tries what must not work can tell. */
export const UNGUARDED_AGAIN: readonly Attempt[] = [
  allowed(
    '-',
    '`gateway verify` where the kernel enforces nothing',
    /^exit 1: [1-9]\d* of 43 attempts got out: the agent can go around the gateway$/,
    async (world) => {
      await must('nft', ['flush', 'ruleset']);
      const { code, out } = await world.runPortcullis('gateway', 'verify', world.policy);
      return `exit ${code}: ${out.trim().split('\n').at(-1)}`;
    },
  ),
  allowed(
    '-',
    'the gateway is told to end',
    /^exit 0$/,
    async (world: World) => `exit ${await world.gateway.end('SIGTERM')}`,
  ),
];
