import { type Address, type AddressRange, parseAddress, parseAuthority, parseDnsName, range } from '../net/index.ts';
import type { Span } from '../source/index.ts';
import type { DomainDeclaration, HostDeclaration, UpstreamReference } from './policy-file.ts';
import { POLICY_PROBLEMS } from './problems.ts';
import type { Reporter } from './reporter.ts';
import { type DictionaryEntry, dictionary, mapped, oneOrMany, type Shape, text } from './shape.ts';

const DNS_PORT = 53; // RFC 1035 4.2
const DNS_OVER_TLS_PORT = 853; // RFC 7858 3.1

const HOST_NAMES = {
  expected: 'host names',
  pattern: /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$/,
  problem: POLICY_PROBLEMS.noHostName,
};

/** IANA's special-purpose registries (RFC 6890), as far as no other machine can be reached by it under a name. */
const NOBODY: readonly { readonly what: string; readonly ranges: readonly AddressRange[] }[] = [
  { what: 'stands for this machine', ranges: ['0.0.0.0/8', '127.0.0.0/8', '::', '::1'].map(range) },
  { what: 'is known on one link only, where cloud metadata is', ranges: ['169.254.0.0/16', 'fe80::/10'].map(range) },
  { what: 'is that of a group', ranges: ['224.0.0.0/4', 'ff00::/8'].map(range) },
  { what: 'is reserved', ranges: ['240.0.0.0/4'].map(range) },
  {
    what: 'carries an IPv4 address, which says more by itself',
    ranges: ['::ffff:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '2002::/16'].map(range),
  },
];

function holds({ family, first, last }: AddressRange, { family: own, value }: Address): boolean {
  return family === own && first <= value && value <= last;
}

/** A resolver that the gateway asks. */
export const upstream = text({
  expected: 'a resolver',
  parse: parseUpstream,
  schema: { examples: ['9.9.9.9', '[2620:fe::fe]:53', 'tls://9.9.9.9#dns.quad9.net'] },
});

const address = text({
  expected: 'an address',
  parse: parseSingleAddress,
  schema: { examples: ['192.168.1.10', 'fd00::10'] },
});

/** Domains with resolvers of their own. */
export const domains: Shape<readonly DomainDeclaration[]> = mapped(
  dictionary(HOST_NAMES, oneOrMany(upstream)),
  (entries, report) =>
    named(entries, report).map(({ name, span, value }) => ({ domain: name, span, upstreams: value })),
);

/** Names that the gateway answers for itself. */
export const hosts: Shape<readonly HostDeclaration[]> = mapped(
  dictionary(HOST_NAMES, oneOrMany(address)),
  (entries, report) => named(entries, report).map(({ name, span, value }) => ({ name, span, addresses: value })),
);

/** Those that could be read; the same name in other letters is the same name. */
function named<T>(entries: readonly DictionaryEntry<T>[], report: Reporter) {
  const known = new Set<string>();
  return entries.flatMap(({ key, span, value }) => {
    const name = parseDnsName(key);
    if (name === undefined) {
      if (HOST_NAMES.pattern.test(key)) report.say(POLICY_PROBLEMS.noHostName, span, key);
      return [];
    }
    if (known.has(name)) report.say(POLICY_PROBLEMS.nameTwice, span, name);
    known.add(name);
    return value === undefined ? [] : [{ name, span, value }];
  });
}

function parseSingleAddress(words: string, span: Span, report: Reporter): Address | undefined {
  const parsed = parseAddress(words);
  if (parsed === undefined) return report.say(POLICY_PROBLEMS.badHostAddress, span, words);
  const nobody = NOBODY.find(({ ranges }) => ranges.some((each) => holds(each, parsed)));
  return nobody === undefined ? parsed : report.say(POLICY_PROBLEMS.nobodysAddress, span, words, nobody.what);
}

function parseUpstream(words: string, span: Span, report: Reporter): UpstreamReference | undefined {
  const [, scheme = '', rest = '', , name] = /^(tls:\/\/)?([^#]*)(#(.*))?$/.exec(words) ?? [];
  const transport = scheme === '' ? 'plain' : 'tls';
  const bare = parseAddress(rest); // an IPv6 address may stand alone without brackets
  const found =
    bare === undefined ? parseAuthority(rest, transport === 'tls' ? DNS_OVER_TLS_PORT : DNS_PORT) : undefined;
  const serverName = name === undefined ? undefined : parseDnsName(name);
  const isNamedWrongly = name !== undefined && (serverName === undefined || transport === 'plain');
  if (isNamedWrongly || found?.kind === 'none' || found?.host.kind === 'name')
    return report.say(POLICY_PROBLEMS.badUpstream, span, words);
  const at =
    bare !== undefined
      ? { address: bare, port: transport === 'tls' ? DNS_OVER_TLS_PORT : DNS_PORT }
      : found === undefined
        ? undefined
        : { address: found.host.address, port: found.port };
  return at === undefined ? undefined : { ...at, transport, ...(serverName === undefined ? {} : { serverName }) };
}
