import type { DiagnosticKind } from '../diagnostic/index.ts';

/** "did you mean", or what else could be done. */
function meant(suggestion: string | undefined, otherwise: string): string {
  return suggestion === undefined ? otherwise : `did you mean \`${suggestion}\`?`;
}

/** What can be wrong with a policy file by itself, before its names are looked up. */
export const POLICY_PROBLEMS = {
  unreadable: {
    code: 'P0001',
    severity: 'error',
    message: (path: string, reason: string) => `cannot read \`${path}\`: ${reason}`,
    help: () => 'give the path of a policy file that exists and may be read',
    explanation: 'A policy, or a file that it includes, is not there or cannot be read.',
  } satisfies DiagnosticKind<[path: string, reason: string]>,
  tooLarge: {
    code: 'P0002',
    severity: 'error',
    message: (path: string, _mebibytes: number) => `\`${path}\` is too large for a policy`,
    help: (_path, mebibytes) =>
      `a policy has at most ${mebibytes} MiB, all its files together, and four million entries`,
    explanation: 'The size of a policy is bounded so that no file can use up the memory.',
  } satisfies DiagnosticKind<[path: string, mebibytes: number]>,
  notText: {
    code: 'P0003',
    severity: 'error',
    message: (code: number) =>
      code >= 0xfffd
        ? 'this is not UTF-8 text'
        : `the control character U+${code.toString(16).padStart(4, '0')} is not allowed`,
    help: (code) =>
      code >= 0xfffd ? 'save the file as UTF-8' : 'remove it, or write it as an escape in double quotes',
    explanation: 'A policy is UTF-8 text without control characters other than line breaks and tabs (YAML 1.2.2, 5.1).',
  } satisfies DiagnosticKind<[code: number]>,
  syntax: {
    code: 'P0004',
    severity: 'error',
    message: (reason: string, _help: string | undefined) => `this is not valid YAML: ${reason}`,
    help: (_reason, help) => help,
    explanation: 'The text breaks the rules of YAML 1.2, so that nothing can be read from it.',
  } satisfies DiagnosticKind<[reason: string, help: string | undefined]>,
  severalDocuments: {
    code: 'P0005',
    severity: 'error',
    message: () => 'a second YAML document begins here',
    help: () => 'keep one document in a file; use `include:` to put a policy together from several files',
    explanation: 'A policy file holds one YAML document, so that it is clear which one counts.',
  } satisfies DiagnosticKind<[]>,
  empty: {
    code: 'P0006',
    severity: 'error',
    message: (path: string) => `\`${path}\` is empty`,
    help: () => 'begin with `portcullis: 1`, or let `portcullis init` write a policy for this machine',
    explanation: 'An empty file is no policy: denying everything is written as `portcullis: 1` alone.',
  } satisfies DiagnosticKind<[path: string]>,
  duplicateKey: {
    code: 'P0007',
    severity: 'error',
    message: (key: string, line: number) => `\`${key}\` is here for the second time, first in line ${line}`,
    help: () => 'keep one of them, or put both values into one',
    explanation: 'Of two equal keys YAML would silently keep one.',
  } satisfies DiagnosticKind<[key: string, line: number]>,
  complexKey: {
    code: 'P0008',
    severity: 'error',
    message: () => 'a key must be a word, not a list or a mapping',
    help: () => 'put text with braces or brackets in quotes',
    explanation: 'YAML allows lists and mappings as keys; the policy language has no use for them.',
  } satisfies DiagnosticKind<[]>,
  merge: {
    code: 'P0009',
    severity: 'error',
    message: () => '`<<` can only merge mappings',
    help: () => 'write `<<: *anchor`, where the anchor stands at a mapping',
    explanation: 'The merge key takes the entries of one or several other mappings.',
  } satisfies DiagnosticKind<[]>,
  unknownAlias: {
    code: 'P0010',
    severity: 'error',
    message: (name: string, _suggestion: string | undefined) => `no anchor \`&${name}\` ends before this alias`,
    help: (_name, suggestion) =>
      meant(
        suggestion,
        'put text that begins with `*` in quotes; an alias can only repeat what was complete before it',
      ),
    explanation: 'An alias repeats a node with an anchor above it; a node cannot contain itself.',
  } satisfies DiagnosticKind<[name: string, suggestion: string | undefined]>,
  tooManyAliases: {
    code: 'P0011',
    severity: 'error',
    message: (limit: number) => `aliases stand for more than ${limit} values in this file`,
    help: () => 'write the values out, or use zones and named services instead of aliases',
    explanation: 'A few lines of nested aliases can stand for more values than any memory holds.',
  } satisfies DiagnosticKind<[limit: number]>,
  tag: {
    code: 'P0012',
    severity: 'error',
    message: () => 'YAML tags have no meaning in a policy',
    help: () => 'remove the tag; put text that begins with `!` in quotes',
    explanation: 'A tag would change the type of a value; the policy language says the type of each.',
  } satisfies DiagnosticKind<[]>,
  tooManyProblems: {
    code: 'P0013',
    severity: 'error',
    message: (count: number) => `${count} more problems are not shown`,
    help: () => 'mend those that are shown first',
    explanation: 'The number of reported problems is bounded.',
  } satisfies DiagnosticKind<[count: number]>,
  tooNested: {
    code: 'P0015',
    severity: 'error',
    message: () => 'lists and mappings are nested too deeply here',
    help: () => 'look for brackets that are never closed; the language needs no more than six levels',
    explanation: 'The depth of nesting is bounded, so that no file can use up the stack.',
  } satisfies DiagnosticKind<[]>,
  wrongType: {
    code: 'P0020',
    severity: 'error',
    message: (expected: string, found: string, _text: string | undefined) =>
      `this must be ${expected}, but is ${found}`,
    help: (_expected, _found, text) =>
      text === undefined ? undefined : `if the text is meant, write it in quotes: "${text}"`,
    explanation: 'Each key of the language has one kind of value.',
  } satisfies DiagnosticKind<[expected: string, found: string, text: string | undefined]>,
  unknownKey: {
    code: 'P0021',
    severity: 'error',
    message: (key: string, _suggestion: string | undefined, _known: readonly string[]) => `unknown key \`${key}\``,
    help: (_key, suggestion, known) =>
      meant(suggestion, `known here: ${known.map((each) => `\`${each}\``).join(', ')}`),
    explanation: 'Unknown keys are errors, because a mistyped key would silently not be enforced.',
  } satisfies DiagnosticKind<[key: string, suggestion: string | undefined, known: readonly string[]]>,
  missingKey: {
    code: 'P0022',
    severity: 'error',
    message: (key: string, owner: string, _expected: string) => `${owner} needs \`${key}\``,
    help: (key, _owner, expected) => `add \`${key}:\`, ${expected}`,
    explanation: 'Without this key it is not clear what is meant, and nothing is assumed.',
  } satisfies DiagnosticKind<[key: string, owner: string, expected: string]>,
  version: {
    code: 'P0023',
    severity: 'error',
    message: (found: string, _known: number) => `the language version \`${found}\` is not known`,
    help: (_found, known) => `write \`portcullis: ${known}\`; a newer version needs a newer program`,
    explanation: 'The first key says for which version of the policy language the file is written.',
  } satisfies DiagnosticKind<[found: string, known: number]>,
  badChoice: {
    code: 'P0024',
    severity: 'error',
    message: (text: string, expected: string, _suggestion: string | undefined) => `\`${text}\` is not ${expected}`,
    help: (_text, expected, suggestion) => meant(suggestion, `write ${expected}`),
    explanation: 'Only these words are allowed here.',
  } satisfies DiagnosticKind<[text: string, expected: string, suggestion: string | undefined]>,
  badName: {
    code: 'P0025',
    severity: 'error',
    message: (text: string, expected: string) => `\`${text}\` is not ${expected}`,
    help: () => 'names begin with a letter, then letters, digits, `-` and `_`, 63 characters at most (flows also `.`)',
    explanation: 'Names appear in rules, counters and logs of many systems, so that they are kept plain.',
  } satisfies DiagnosticKind<[text: string, expected: string]>,
  reservedName: {
    code: 'P0026',
    severity: 'error',
    message: (name: string) => `\`${name}\` is built in and cannot be declared`,
    help: () => 'choose another name',
    explanation: 'The words `host`, `loopback`, `private`, `internet`, `any` and `catalog` have a fixed meaning.',
  } satisfies DiagnosticKind<[name: string]>,
  emptyList: {
    code: 'P0027',
    severity: 'error',
    message: () => 'this list is empty',
    help: () => 'name at least one, or remove the key',
    explanation: 'An empty list could mean all or none; neither is assumed.',
  } satisfies DiagnosticKind<[]>,
  emptyZone: {
    code: 'P0028',
    severity: 'error',
    message: () => 'nothing says how this zone is recognised',
    help: () => 'add `addresses`, `domains`, `zones`, `host`, `docker`, `kubernetes`, `aws`, `gcp` or `azure`',
    explanation: 'A zone is a set of endpoints; at least one layer has to recognise them.',
  } satisfies DiagnosticKind<[]>,
  emptyHost: {
    code: 'P0014',
    severity: 'error',
    message: () => 'nothing says how this machine recognises the zone',
    help: () => 'add `users`, `cgroups` or `interfaces`; the whole machine is the built-in zone `host`',
    explanation: 'An empty `host:` could mean every process or none; neither is assumed.',
  } satisfies DiagnosticKind<[]>,
  emptyTest: {
    code: 'P0029',
    severity: 'error',
    message: () => 'this test claims nothing',
    help: () => 'add `allow:` or `deny:` with what must pass or must not',
    explanation: 'A test without claims would always pass.',
  } satisfies DiagnosticKind<[]>,
  badEndpoint: {
    code: 'P0030',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no zone, catalogue entry, address, prefix or host name`,
    help: () =>
      'for example `agent`, `catalog:discord`, `10.0.0.0/8`, `2001:db8::1`, `api.example.com` or `*.example.com`',
    explanation: 'Both ends of a flow are zones, entries of the catalogue, addresses or (as destination) host names.',
  } satisfies DiagnosticKind<[text: string]>,
  badAddress: {
    code: 'P0031',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no address, prefix or range`,
    help: () => 'for example `10.0.5.10`, `10.20.0.0/16`, `2001:db8::/32` or `192.0.2.10-192.0.2.20`',
    explanation:
      'Addresses are written in full, in decimal, without leading zeros: the short forms mean different things to different programs.',
  } satisfies DiagnosticKind<[text: string]>,
  hostBits: {
    code: 'P0032',
    severity: 'error',
    message: (text: string, _network: string, _address: string) =>
      `the prefix \`${text}\` has bits set behind its length`,
    help: (_text, network, address) => `write \`${network}\` for the network, or \`${address}\` for the one address`,
    explanation: 'With host bits set it is unclear whether the network or the address is meant.',
  } satisfies DiagnosticKind<[text: string, network: string, address: string]>,
  rangeBackwards: {
    code: 'P0033',
    severity: 'error',
    message: (text: string) => `the range \`${text}\` ends before it begins`,
    help: () => 'put the lower address first',
    explanation: 'A range is written from its first to its last address, both included.',
  } satisfies DiagnosticKind<[text: string]>,
  nameAsAddress: {
    code: 'P0034',
    severity: 'error',
    message: (text: string) => `\`${text}\` is a name, not an address`,
    help: () => 'host names belong under `domains:`, other zones under `zones:`',
    explanation: 'Names and addresses are enforced in different ways, so that they stand apart.',
  } satisfies DiagnosticKind<[text: string]>,
  addressAsName: {
    code: 'P0035',
    severity: 'error',
    message: (text: string) => `\`${text}\` is an address, not a host name`,
    help: () => 'addresses belong under `addresses:`',
    explanation: 'Names and addresses are enforced in different ways, so that they stand apart.',
  } satisfies DiagnosticKind<[text: string]>,
  badDomain: {
    code: 'P0036',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no host name`,
    help: () =>
      'for example `api.example.com`, or `*.example.com` for every name below; names of other scripts in their `xn--` form',
    explanation:
      'A host name has labels of letters, digits, hyphens and underscores; a wildcard stands for whole labels in front.',
  } satisfies DiagnosticKind<[text: string]>,
  url: {
    code: 'P0037',
    severity: 'error',
    message: (text: string) => `\`${text}\` is a URL`,
    help: () => 'write the host name alone, and the port as the service: paths are not visible to a firewall',
    explanation: 'A firewall sees addresses, ports and host names; the rest of a URL is encrypted.',
  } satisfies DiagnosticKind<[text: string]>,
  exceptName: {
    code: 'P0038',
    severity: 'error',
    message: (text: string) => `\`${text}\` cannot be taken out of a zone`,
    help: () => '`except` takes addresses, prefixes, ranges and zones; leave unwanted names out of `domains`',
    explanation: 'Names cannot be subtracted from addresses: many names share one address.',
  } satisfies DiagnosticKind<[text: string]>,
  badService: {
    code: 'P0040',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no service`,
    help: () => 'for example `ssh`, `tcp/22`, `udp/8000-8100`, `tcp/any`, `icmp/echo-request`, `gre` or `protocol/47`',
    explanation: 'A service is a name, or a protocol with its ports or its ICMP type.',
  } satisfies DiagnosticKind<[text: string]>,
  unknownProtocol: {
    code: 'P0041',
    severity: 'error',
    message: (text: string, _suggestion: string | undefined) => `unknown protocol \`${text}\``,
    help: (_text, suggestion) =>
      meant(suggestion, 'write the protocol first: `tcp/443`, `udp/53`, or `protocol/` and its number'),
    explanation: 'Protocols are known by the names of the IANA registry, in lower case, or by their number.',
  } satisfies DiagnosticKind<[text: string, suggestion: string | undefined]>,
  badPort: {
    code: 'P0042',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no port`,
    help: () => 'a port is a number from 0 to 65535, a range such as `8000-8100`, or `any`',
    explanation: 'Ranges of ports include both ends, the lower one first.',
  } satisfies DiagnosticKind<[text: string]>,
  portless: {
    code: 'P0043',
    severity: 'error',
    message: (text: string, protocol: string) => `\`${text}\` is not possible: ${protocol} has no ports`,
    help: (_text, protocol) => `write \`${protocol}\` alone; only tcp, udp, udplite, sctp and dccp have ports`,
    explanation: 'Other protocols have no ports that a firewall could look at.',
  } satisfies DiagnosticKind<[text: string, protocol: string]>,
  portsMissing: {
    code: 'P0044',
    severity: 'error',
    message: (protocol: string) => `\`${protocol}\` does not say which ports`,
    help: (protocol) => `write \`${protocol}/443\`, or \`${protocol}/any\` if really every port is meant`,
    explanation: 'Every port of a protocol is rarely meant, so that it has to be said.',
  } satisfies DiagnosticKind<[protocol: string]>,
  bareNumber: {
    code: 'P0045',
    severity: 'error',
    message: (text: string) => `\`${text}\` does not say which protocol`,
    help: (text) => `write \`tcp/${text}\` or \`udp/${text}\``,
    explanation: 'A port belongs to a protocol, and none is assumed.',
  } satisfies DiagnosticKind<[text: string]>,
  badIcmp: {
    code: 'P0046',
    severity: 'error',
    message: (text: string, protocol: string, _suggestion: string | undefined) => `\`${text}\` is no ${protocol} type`,
    help: (_text, _protocol, suggestion) =>
      meant(suggestion, 'write a type as `icmp/echo-request` or `icmpv6/128`, with a code as `icmpv4/3/4`'),
    explanation: 'ICMP messages have a type and a code; `icmp` with a name means both families where both know it.',
  } satisfies DiagnosticKind<[text: string, protocol: string, suggestion: string | undefined]>,
  ambiguousIcmpCode: {
    code: 'P0047',
    severity: 'error',
    message: (type: string, code: number) => `code ${code} of \`${type}\` means different things in IPv4 and IPv6`,
    help: (type, code) => `write \`icmpv4/${type}/${code}\` or \`icmpv6/${type}/${code}\``,
    explanation: 'The two families number the codes of their ICMP messages differently.',
  } satisfies DiagnosticKind<[type: string, code: number]>,
  badRate: {
    code: 'P0050',
    severity: 'error',
    message: (text: string, _unit: string | undefined) => `\`${text}\` is no rate`,
    help: (_text, unit) =>
      meant(
        unit,
        'write a number of new connections from 1 and `second`, `minute`, `hour` or `day`: `6/minute`, `10/second per source`',
      ),
    explanation: 'A rate limits new connections, in all or of each source address.',
  } satisfies DiagnosticKind<[text: string, unit: string | undefined]>,
  badDate: {
    code: 'P0051',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no date`,
    help: () => 'write year, month and day as in `2027-03-31`; the flow is good until the end of that day, UTC',
    explanation: 'Dates are written as in RFC 3339, and have to exist.',
  } satisfies DiagnosticKind<[text: string]>,
  badAccount: {
    code: 'P0052',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no account`,
    help: () => 'write a name such as `openclaw`, a uid such as `998`, or a range of uids such as `1000-1999`',
    explanation: 'Local processes are recognised by the account that they run as.',
  } satisfies DiagnosticKind<[text: string]>,
  badInterface: {
    code: 'P0053',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no interface name`,
    help: () => 'write a name such as `eth0`, or `br-*` for every name that begins so; 15 characters at most',
    explanation: 'The kernel allows 15 bytes without slash, colon and white space.',
  } satisfies DiagnosticKind<[text: string]>,
  badCgroup: {
    code: 'P0054',
    severity: 'error',
    message: (text: string) => `\`${text}\` is no cgroup path`,
    help: () => 'write the path below /sys/fs/cgroup, such as `system.slice/openclaw.service`',
    explanation: 'Processes can be recognised by their version 2 cgroup, a path without `..`.',
  } satisfies DiagnosticKind<[text: string]>,
  includeCycle: {
    code: 'P0060',
    severity: 'error',
    message: (path: string, chain: readonly string[]) => `\`${path}\` includes itself: ${chain.join(' -> ')}`,
    help: () => 'remove one of the includes',
    explanation: 'A file that includes itself would never end.',
  } satisfies DiagnosticKind<[path: string, chain: readonly string[]]>,
  includeLimit: {
    code: 'P0061',
    severity: 'error',
    message: (what: string) => `this include goes too far: ${what}`,
    help: () => 'put the policy together from fewer files',
    explanation: 'The depth and the number of includes are bounded.',
  } satisfies DiagnosticKind<[what: string]>,
  duplicateDeclaration: {
    code: 'P0062',
    severity: 'error',
    message: (what: string, name: string, where: string) =>
      `the ${what} \`${name}\` is declared twice, first at ${where}`,
    help: () => 'rename one of them, or remove it',
    explanation: 'A name means one thing in a whole policy, whichever file declares it.',
  } satisfies DiagnosticKind<[what: string, name: string, where: string]>,
} as const;
