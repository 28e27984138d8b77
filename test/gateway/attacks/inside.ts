import { runAs } from '../agent.ts';
import { type Attempt, allowed, denied } from '../attempt.ts';
import { CORP_RESOLVER } from '../outer.ts';
import { AGENT, PROXY, TLS_PROXY, type World } from '../world.ts';

const HARD_CODED = '@8.8.8.8';
const THROUGH_TLS = ['--proxy', TLS_PROXY, '--resolve', 'proxy.example:3130:127.0.0.1'];

/** Names and addresses that are nobody else's: those that the policy gives names itself, and those of a company with a resolver of its own. */
export const INSIDE: readonly Attempt[] = [
  allowed(
    '-',
    'a name that the policy gives an address; nobody outside is asked',
    /^NOERROR A 10\.77\.0\.10; asked: no$/,
    async (world) => {
      const told = await world.dig(HARD_CODED, 'nas.home.arpa', 'A');
      return `${told}; asked: ${/asked \S+ nas\.home\.arpa/.test(world.outer.said) ? 'yes' : 'no'}`;
    },
  ),
  allowed('-', 'the same through the proxy', /^http nas\.home\.arpa \/$/, (world) =>
    world.curl('-x', PROXY, 'http://nas.home.arpa/'),
  ),
  allowed('-', 'the same by a program that knows of no proxy', /^http nas\.home\.arpa \/$/, (world) =>
    world.curl('http://nas.home.arpa/'),
  ),
  denied(
    'D12',
    'an address beside it, to which no flow leads',
    /^unlisted-address; curl (?:7|35|52|56)|^unlisted-address; unlisted-address$/,
    async (world) => {
      const asked = await world.curl('-x', PROXY, 'http://10.77.0.11/');
      return `${asked}; ${await world.curl('http://10.77.0.11/')}`;
    },
  ),
  denied('D12', 'another service of it', /^other-service$/, (world) =>
    world.curl('-x', PROXY, 'http://nas.home.arpa:8080/'),
  ),
  denied('D1', 'a name of which only the address is in a flow', /^unlisted-name$/, (world) =>
    world.curl('-x', PROXY, 'http://files.home.arpa/'),
  ),
  allowed(
    '-',
    'an address to which a flow leads, through the proxy and without',
    /^http 10\.77\.0\.9 \/; http 10\.77\.0\.9 \/$/,
    async (world) => {
      const asked = await world.curl('-x', PROXY, 'http://10.77.0.9/');
      return `${asked}; ${await world.curl('http://10.77.0.9/')}`;
    },
  ),
  allowed(
    '-',
    'a name of the company; only its own resolver is asked',
    /^NOERROR A 10\.77\.0\.9; asked: of the company$/,
    async (world) => {
      const told = await world.dig(HARD_CODED, 'files.corp.example', 'A');
      return `${told}; asked: ${askedOf(world, 'files.corp.example')}`;
    },
  ),
  allowed('-', 'the same through the proxy', /^http files\.corp\.example \/$/, (world) =>
    world.curl('-x', PROXY, 'http://files.corp.example/'),
  ),
  denied(
    'D12',
    'a name of the company for an address to which no flow leads',
    /^REFUSED special-address; special-address$/,
    async (world) => {
      const told = await world.dig(HARD_CODED, 'rogue.corp.example', 'A');
      return `${told}; ${await world.curl('-x', PROXY, 'http://rogue.corp.example/')}`;
    },
  ),
  denied('D4', 'the company’s resolver is asked by the agent itself', /^REFUSED unlisted-name$/, (world) =>
    world.dig(`@${CORP_RESOLVER}`, 'inside.unlisted.example', 'A'),
  ),
  allowed(
    '-',
    'an allowed name through the proxy behind TLS',
    /^https allowed\.example allowed\.example \/$/,
    (world) => world.curl(...THROUGH_TLS, '--proxy-cacert', world.at('certificate.pem'), 'https://allowed.example/'),
  ),
  denied('P1', 'an unlisted name through the proxy behind TLS', /^unlisted-name$/, (world) =>
    world.curl(...THROUGH_TLS, '--proxy-cacert', world.at('certificate.pem'), 'http://tls.unlisted.example/'),
  ),
];

/** What becomes of a certificate that is renewed. */
export const RENEWED: readonly Attempt[] = [
  allowed(
    '-',
    'a renewed certificate that the gateway’s account cannot read: the old one stays, and that is said',
    /^allowed\.example; exit 1: .*the certificate was not read again, the old one stays: .*EACCES/,
    async (world) => {
      await world.renew('renewed.example', false);
      await world.portcullis('gateway', 'reload');
      const { code, out } = await world.runPortcullis('gateway', 'status', '--socket', world.socket);
      return `${await shownName()}; exit ${code}: ${out.replaceAll('\n', ' ')}`;
    },
  ),
  allowed('-', 'and one that it can read', /^renewed\.example; exit 0: /, async (world) => {
    await world.renew('renewed.example', true);
    await world.portcullis('gateway', 'reload');
    const { code, out } = await world.runPortcullis('gateway', 'status', '--socket', world.socket);
    return `${await shownName()}; exit ${code}: ${out.replaceAll('\n', ' ')}`;
  }),
];

/** The name in the certificate of the proxy behind TLS. */
async function shownName(): Promise<string> {
  const { out, err } = await runAs(AGENT, 'timeout', '8', 'openssl', 's_client', '-connect', '127.0.0.1:3130');
  return /^subject=.*CN ?= ?(\S+)/m.exec(`${out}${err}`)?.[1] ?? 'none';
}

/** Whom the gateway asked for a name. */
function askedOf(world: World, name: string): string {
  const lines = world.outer.said.split('\n').filter((line) => line.startsWith('asked ') && line.split(' ')[2] === name);
  return [...new Set(lines.map((line) => line.split(' ').slice(3).join(' ') || 'of anybody'))].join(', ');
}
