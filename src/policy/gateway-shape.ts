import {
  type Address,
  type Endpoint,
  formatAddress,
  isLoopback,
  parseAddress,
  parseAuthority,
  range,
} from '../net/index.ts';
import type { Span } from '../source/index.ts';
import { domains, hosts, upstream } from './gateway-names-shape.ts';
import {
  type AccountReference,
  type CredentialDeclaration,
  DENIED_LOOKUP_ANSWERS,
  type GatewayDeclaration,
  type Located,
} from './policy-file.ts';
import { POLICY_PROBLEMS } from './problems.ts';
import type { Reporter } from './reporter.ts';
import {
  choice,
  defined,
  mapped,
  oneOrMany,
  optional,
  type RecordOf,
  record,
  required,
  type Shape,
  text,
} from './shape.ts';
import { LABEL, parseAccount } from './text.ts';

const LOOPBACKS: readonly string[] = ['127.0.0.1', '::1'];

/** Where the gateway listens unless the policy says otherwise. Ports above 1023: it needs no privilege for them. */
const DEFAULT_PORTS = { proxy: 3128, socks: 1080, transparent: 3129, dns: 5300 } as const;

const PROXY_USER = /^[A-Za-z0-9._-]{1,64}$/;
const DIGEST = /^[0-9a-f]{64}$/;

const listener = text({
  expected: 'an address with a port',
  parse: parseListener,
  schema: { examples: ['127.0.0.1:3128', '[::1]:3128', '10.0.0.1:3128'] },
});

const port = text({
  expected: 'a port',
  parse: parsePort,
  numbers: true,
  schema: { examples: [3129] },
});

const path = text({
  expected: 'the path of a file',
  parse: parsePath,
  schema: { examples: ['/etc/portcullis/gateway.pem'] },
});

const tls = mapped(
  record('the listener for TLS', {
    listen: required(oneOrMany(listener), 'where it listens; loopback or private addresses'),
    certificate: required(path, 'the certificate, and those between it and the root, as PEM; an absolute path'),
    key: required(path, 'the private key, as PEM; an absolute path of a file that only root, or the gateway, can read'),
  }),
  ({ value: { listen, certificate, key } }) => ({
    listen,
    files: { certificate: certificate.value, key: key.value },
  }),
);

const credential = mapped(
  record('credentials', {
    user: required(
      text({ expected: 'a user', parse: parseProxyUser, schema: { pattern: PROXY_USER.source } }),
      'the user that the client shows',
    ),
    zone: required(
      text({ expected: 'the name of a zone', parse: (name) => name, schema: { pattern: LABEL.source } }),
      'the zone that alone may show it, of addresses or of accounts',
    ),
    digest: required(
      text({ expected: 'a SHA-256 digest', parse: parseDigest, schema: { pattern: DIGEST.source } }),
      'the SHA-256 of the token in hexadecimal; `portcullis gateway token` prints both',
    ),
  }),
  ({ value }): CredentialDeclaration => value,
);

const FIELDS = {
  upstream: required(
    oneOrMany(upstream),
    'the resolvers that it asks, in the order in which they are preferred; `tls://` for DNS over TLS, `#` before the name of the certificate',
  ),
  domains: optional(
    domains,
    'domains whose names are asked of other resolvers, such as those of a company: themselves and all below them',
  ),
  hosts: optional(
    hosts,
    'names that it answers for itself, with their addresses, which may be private; whoever may reach a name or one of its addresses may look it up',
  ),
  user: optional(
    text({
      expected: 'an account name or a uid',
      parse: parseUser,
      numbers: true,
      schema: { examples: ['portcullis-gateway'] },
    }),
    'the account that it runs as, and nothing else: only this account may leave the machine for others (default: portcullis-gateway)',
  ),
  proxy: optional(
    oneOrMany(listener),
    'where it is an HTTP proxy; loopback or private addresses (default: port 3128 of 127.0.0.1 and ::1)',
  ),
  tls: optional(
    tls,
    'where it is an HTTP proxy that clients reach through TLS, so that what they show it crosses a network unread',
  ),
  socks: optional(oneOrMany(listener), 'where it is a SOCKS5 proxy (default: port 1080 of 127.0.0.1 and ::1)'),
  dns: optional(
    oneOrMany(listener),
    'where it is a resolver, over UDP and TCP (default: port 5300 of 127.0.0.1 and ::1)',
  ),
  transparent: optional(
    port,
    'the port of 127.0.0.1 and ::1 to which the kernel sends connections of programs that know of no proxy (default: 3129)',
  ),
  intercept: optional(
    oneOrMany(port),
    'the TCP ports whose connections the kernel sends there (default: those of 80 and 443 that flows to names are for)',
  ),
  credentials: optional(
    oneOrMany(credential),
    'the user and the token that clients show to the HTTP and SOCKS proxies (Basic); whoever comes from an address with credentials must show them',
  ),
  denied: optional(
    choice(DENIED_LOOKUP_ANSWERS),
    'the answer to lookups of names that no flow leads to: `refused` (the default) or `nxdomain`',
  ),
};

/** The egress gateway of a policy. */
export const gateway: Shape<GatewayDeclaration> = defined(
  'gateway',
  mapped(
    record('the gateway', FIELDS, {
      synonyms: {
        account: 'user',
        users: 'user',
        upstreams: 'upstream',
        resolver: 'upstream',
        resolvers: 'upstream',
        nameserver: 'upstream',
        names: 'hosts',
        local: 'hosts',
        splits: 'domains',
        https: 'tls',
        http: 'proxy',
        socks5: 'socks',
        ports: 'intercept',
      },
    }),
    ({ value, span }, report) => declaration(value, span, report),
  ),
);

function declaration(value: RecordOf<typeof FIELDS>, span: Span, report: Reporter): GatewayDeclaration {
  const onLoopback = (number: number, at: Span): Located<Endpoint>[] =>
    LOOPBACKS.map((address) => ({ value: { address: known(address), port: number }, span: at }));
  const listeners = {
    proxy: value.proxy ?? onLoopback(DEFAULT_PORTS.proxy, span),
    tls: value.tls?.listen ?? [],
    socks: value.socks ?? onLoopback(DEFAULT_PORTS.socks, span),
    transparent: onLoopback(value.transparent?.value ?? DEFAULT_PORTS.transparent, value.transparent?.span ?? span),
    dns: value.dns ?? onLoopback(DEFAULT_PORTS.dns, span),
  };
  checkApart(listeners, report);
  checkUsers(value.credentials ?? [], report);
  return {
    span,
    ...(value.user === undefined ? {} : { user: value.user }),
    upstreams: value.upstream,
    domains: value.domains ?? [],
    hosts: value.hosts ?? [],
    listeners,
    ...(value.tls === undefined ? {} : { certificate: value.tls.files }),
    ...(value.intercept === undefined ? {} : { intercept: value.intercept }),
    denied: value.denied?.value ?? 'refused',
    credentials: value.credentials ?? [],
  };
}

function checkUsers(credentials: readonly CredentialDeclaration[], report: Reporter): void {
  const known = new Set<string>();
  for (const { user } of credentials) {
    if (known.has(user.value)) report.say(POLICY_PROBLEMS.proxyUserTwice, user.span, user.value);
    known.add(user.value);
  }
}

const TITLES: Readonly<Record<keyof GatewayDeclaration['listeners'], string>> = {
  proxy: 'the HTTP proxy',
  tls: 'the HTTP proxy behind TLS',
  socks: 'the SOCKS proxy',
  transparent: 'the transparent proxy',
  dns: 'the resolver',
};

/** All of them listen on TCP. */
function checkApart(listeners: GatewayDeclaration['listeners'], report: Reporter): void {
  const taken = new Map<string, string>();
  for (const name of ['proxy', 'tls', 'socks', 'transparent', 'dns'] as const) {
    for (const { value, span } of listeners[name]) {
      const shown = formatEndpoint(value);
      const other = taken.get(shown);
      if (other === undefined) taken.set(shown, TITLES[name]);
      else report.say(POLICY_PROBLEMS.listenerTaken, span, shown, other, TITLES[name]);
    }
  }
}

function formatEndpoint({ address, port: number }: Endpoint): string {
  return address.family === 6 ? `[${formatAddress(address)}]:${number}` : `${formatAddress(address)}:${number}`;
}

function parseListener(words: string, span: Span, report: Reporter): Endpoint | undefined {
  const found = parseAuthority(words, undefined);
  if (found.kind === 'none' || found.host.kind === 'name') return report.say(POLICY_PROBLEMS.badListener, span, words);
  const { address } = found.host;
  if (!isLoopback(address) && !isPrivate(address)) return report.say(POLICY_PROBLEMS.openListener, span, words);
  return { address, port: found.port };
}

/** RFC 1918 and RFC 4193. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'].map(range);

function isPrivate({ family, value }: Address): boolean {
  return PRIVATE.some((each) => each.family === family && each.first <= value && value <= each.last);
}

/** Whether a client can show this as its user, in a URL too. */
export function isProxyUser(words: string): boolean {
  return PROXY_USER.test(words);
}

function parseProxyUser(words: string, span: Span, report: Reporter): string | undefined {
  return isProxyUser(words) ? words : report.say(POLICY_PROBLEMS.badProxyUser, span, words);
}

function parseDigest(words: string, span: Span, report: Reporter): string | undefined {
  const digest = words.toLowerCase();
  return DIGEST.test(digest) ? digest : report.say(POLICY_PROBLEMS.badTokenDigest, span);
}

/** Absolute: the gateway is started from somewhere else than the policy is written. */
function parsePath(words: string, span: Span, report: Reporter): string | undefined {
  return words.startsWith('/') && !words.endsWith('/') ? words : report.say(POLICY_PROBLEMS.badPath, span, words);
}

function parsePort(words: string, span: Span, report: Reporter): number | undefined {
  const number = /^[0-9]{1,5}$/.test(words) ? Number(words) : 0;
  return number >= 1 && number <= 65_535 ? number : report.say(POLICY_PROBLEMS.badListenerPort, span, words);
}

function parseUser(words: string, span: Span, report: Reporter): AccountReference | undefined {
  const account = parseAccount(words, span, report);
  if (account?.kind === 'uids' && account.first !== account.last)
    return report.say(POLICY_PROBLEMS.accountRange, span, words);
  return account;
}

function known(words: string): Address {
  const address = parseAddress(words);
  if (address === undefined) throw new RangeError(`not an address: ${words}`);
  return address;
}
