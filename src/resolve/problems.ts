import type { DiagnosticKind } from '../diagnostic/index.ts';
import { meant } from '../diagnostic/similar.ts';
import { CONTAINER_PROBLEMS } from './container-problems.ts';
import { GATEWAY_PROBLEMS } from './gateway-problems.ts';

function names(all: readonly string[]): string {
  const shown = all
    .slice(0, 5)
    .map((name) => `\`${name}\``)
    .join(', ');
  return all.length > 5 ? `${shown} and ${all.length - 5} more` : shown;
}

/** What can be wrong with a policy once its names are looked up. */
export const RESOLVE_PROBLEMS = {
  unknownZone: {
    code: 'R0001',
    severity: 'error',
    message: (name: string, _suggestion: string | undefined) => `unknown zone \`${name}\``,
    help: (_name, suggestion) =>
      meant(suggestion, 'declare it under `zones:`; a host name needs at least one dot, or stands under `domains:`'),
    explanation: 'A zone has to be declared in the policy or in a file that it includes, or be built in.',
  } satisfies DiagnosticKind<[name: string, suggestion: string | undefined]>,
  unknownService: {
    code: 'R0002',
    severity: 'error',
    message: (name: string, _suggestion: string | undefined) => `unknown service \`${name}\``,
    help: (_name, suggestion) =>
      meant(suggestion, 'declare it under `services:`, or write protocol and port: `tcp/8080`'),
    explanation: "A service has to be declared in the policy or be one of the catalogue's.",
  } satisfies DiagnosticKind<[name: string, suggestion: string | undefined]>,
  unknownCatalogEntry: {
    code: 'R0003',
    severity: 'error',
    message: (name: string, _suggestion: string | undefined) => `the catalogue has no entry \`${name}\``,
    help: (_name, suggestion) =>
      meant(suggestion, 'name the hosts in a zone with `domains:`, or add the entry under `catalog:`'),
    explanation: 'The catalogue holds the endpoints of known programs and providers; a policy can add its own.',
  } satisfies DiagnosticKind<[name: string, suggestion: string | undefined]>,
  unknownPiece: {
    code: 'R0004',
    severity: 'error',
    message: (name: string, _suggestion: string | undefined, _known: readonly string[]) =>
      `the baseline has no piece \`${name}\``,
    help: (_name, suggestion, known) =>
      meant(suggestion, `its pieces are ${known.map((each) => `\`${each}\``).join(', ')}`),
    explanation: 'The baseline is made of pieces that can be switched off one by one; `portcullis explain` lists them.',
  } satisfies DiagnosticKind<[name: string, suggestion: string | undefined, known: readonly string[]]>,
  recursion: {
    code: 'R0005',
    severity: 'error',
    message: (what: string, chain: readonly string[]) =>
      `the ${what} \`${chain[0]}\` contains itself: ${chain.join(' -> ')}`,
    help: () => 'remove one of the references',
    explanation: 'What is defined by itself means nothing.',
  } satisfies DiagnosticKind<[what: string, chain: readonly string[]]>,
  tooDeep: {
    code: 'R0006',
    severity: 'error',
    message: (what: string, limit: number) => `${what}s are nested more than ${limit} deep`,
    help: () => 'name the members directly',
    explanation: 'The nesting of zones and services is bounded.',
  } satisfies DiagnosticKind<[what: string, limit: number]>,
  exceptNotExact: {
    code: 'R0007',
    severity: 'error',
    message: (what: string, why: keyof typeof WHY_NOT_EXACT) =>
      `\`${what}\` cannot be taken out of this zone on this machine: ${WHY_NOT_EXACT[why]}`,
    help: (_what, why) =>
      why === 'names'
        ? 'list the wanted names and addresses instead of excluding others'
        : 'exclude addresses or accounts, or list what belongs to the zone',
    explanation: 'An exception that is not enforced exactly would leave the zone wider than it reads.',
  } satisfies DiagnosticKind<[what: string, why: keyof typeof WHY_NOT_EXACT]>,
  emptyZone: {
    code: 'R0008',
    severity: 'error',
    message: (name: string) => `nothing is left of the zone \`${name}\` after its exceptions`,
    help: () => 'narrow `except`, or remove the zone and the flows that name it',
    explanation: 'A flow from or to an empty zone can never match.',
  } satisfies DiagnosticKind<[name: string]>,
  nameAsSource: {
    code: 'R0009',
    severity: 'error',
    message: (text: string) => `\`${text}\` is known by name only, so nothing can be recognised as coming from it`,
    help: () => 'give its addresses, or turn the flow round: replies need no flow of their own',
    explanation: 'A name says where a packet goes. A packet that arrives carries an address only.',
  } satisfies DiagnosticKind<[text: string]>,
  neverMatches: {
    code: 'R0010',
    severity: 'error',
    message: (flow: string, why: string) => `the flow \`${flow}\` can never match: ${why}`,
    help: () => 'check the addresses of both ends and the service; a packet is IPv4 or IPv6, never both',
    explanation: 'A flow that no packet can match does not do what its author thinks.',
  } satisfies DiagnosticKind<[flow: string, why: string]>,
  expired: {
    code: 'R0011',
    severity: 'error',
    message: (flow: string, date: string, required: boolean) =>
      `the ${required ? 'required ' : ''}flow \`${flow}\` expired on ${date}`,
    help: (_flow, _date, required) =>
      required ? 'ask its owner, then set a new date' : 'remove it, or ask its owner and set a new date',
    explanation: 'A permission with an end is not to be used after it; prolonging it is a decision.',
  } satisfies DiagnosticKind<[flow: string, date: string, required: boolean]>,
  expiresSoon: {
    code: 'R0012',
    severity: 'warning',
    message: (flow: string, date: string, days: number) =>
      `the flow \`${flow}\` expires ${days === 0 ? 'today' : days === 1 ? 'tomorrow' : `in ${days} days`}, on ${date}`,
    help: () => 'decide now whether it is still needed',
    explanation: 'After that day the policy will not be accepted any more.',
  } satisfies DiagnosticKind<[flow: string, date: string, days: number]>,
  unusedZone: {
    code: 'R0013',
    severity: 'warning',
    message: (name: string) => `the zone \`${name}\` is not used`,
    help: () => 'remove it, or name it in a flow',
    explanation: 'An unused zone is often a mistyped or forgotten flow.',
  } satisfies DiagnosticKind<[name: string]>,
  unusedService: {
    code: 'R0014',
    severity: 'warning',
    message: (name: string) => `the service \`${name}\` is not used`,
    help: () => 'remove it, or name it in a flow',
    explanation: 'An unused service is often a mistyped or forgotten flow.',
  } satisfies DiagnosticKind<[name: string]>,
  anyToAny: {
    code: 'R0015',
    severity: 'warning',
    message: (flow: string) => `the flow \`${flow}\` goes from anybody to anybody`,
    help: () => 'name who needs it, and towards whom',
    explanation: 'Default deny is worth nothing where one flow allows everybody everything.',
  } satisfies DiagnosticKind<[flow: string]>,
  anyService: {
    code: 'R0016',
    severity: 'warning',
    message: (flow: string) => `the flow \`${flow}\` allows every protocol and port`,
    help: () => 'list the services that are needed; replies need none',
    explanation: 'Every service includes tunnels, file shares and remote control.',
  } satisfies DiagnosticKind<[flow: string]>,
  wholeInternet: {
    code: 'R0017',
    severity: 'warning',
    message: (flow: string) => `the flow \`${flow}\` lets this machine send to the whole internet`,
    help: () => 'name the destinations: `catalog:` entries, host names or addresses',
    explanation: 'A program that may send anywhere can be made to send everything anywhere.',
  } satisfies DiagnosticKind<[flow: string]>,
  notOnThisMachine: {
    code: 'R0018',
    severity: 'info',
    message: (zone: string, flows: readonly string[], tests: number) =>
      `this machine cannot recognise the zone \`${zone}\`: ${[
        flows.length === 0 ? '' : `not enforced here: ${names(flows)}`,
        tests === 0 ? '' : `${tests} ${tests === 1 ? 'claim of a test is' : 'claims of tests are'} not proven here`,
      ]
        .filter((part) => part !== '')
        .join('; ')}`,
    help: () => 'other layers enforce it; add `host:` or `addresses:` if this machine should',
    explanation: 'A zone may be known to Docker, Kubernetes or a cloud only.',
  } satisfies DiagnosticKind<[zone: string, flows: readonly string[], tests: number]>,
  unknownAccount: {
    code: 'R0019',
    severity: 'info',
    message: (name: string) => `this machine has no account \`${name}\``,
    help: () => 'the policy can be checked all the same; create the account before you load it',
    explanation: 'Policies are often written elsewhere; the account has to exist where they are enforced.',
  } satisfies DiagnosticKind<[name: string]>,
  forwardOnly: {
    code: 'R0020',
    severity: 'info',
    message: (flow: string) => `neither end of the flow \`${flow}\` is this machine`,
    help: () => 'it matters only for packets that this machine routes; name `host` or an account if it is meant',
    explanation: 'A machine decides over what it sends, receives and routes.',
  } satisfies DiagnosticKind<[flow: string]>,
  pieceOff: {
    code: 'R0021',
    severity: 'info',
    message: (piece: string, _why: string) => `the baseline piece \`${piece}\` is switched off`,
    help: (_piece, why) => `it is there because: ${why}`,
    explanation: 'The baseline holds what a host needs to live under default-deny.',
  } satisfies DiagnosticKind<[piece: string, why: string]>,
  wildcardInTest: {
    code: 'R0022',
    severity: 'error',
    message: (text: string) => `a test cannot ask about every name below \`${text}\``,
    help: () => 'name one host, such as `gateway.example.com`',
    explanation: 'A claim is about packets that exist; a wildcard has no end of names.',
  } satisfies DiagnosticKind<[text: string]>,
  notInEntry: {
    code: 'R0023',
    severity: 'error',
    message: (text: string, entry: string, _suggestion: string | undefined) =>
      `\`${text}\` is not in the catalogue entry \`${entry}\``,
    help: (_text, _entry, suggestion) => meant(suggestion, 'spell the name as the catalogue does, wildcard included'),
    explanation: 'Only what is there can be removed; a name below a wildcard cannot.',
  } satisfies DiagnosticKind<[text: string, entry: string, suggestion: string | undefined]>,
  noNames: {
    code: 'R0024',
    severity: 'error',
    message: (entry: string) => `the catalogue entry \`${entry}\` has no names`,
    help: () => 'add names under `catalog:`, or name the destinations in a zone',
    explanation: 'Some features reach whatever a user or a page names; no list of hosts stands for that.',
  } satisfies DiagnosticKind<[entry: string]>,
  rangesMissing: {
    code: 'R0025',
    severity: 'error',
    message: (zone: string) => `the zone \`${zone}\` is enforced by ranges but has none`,
    help: () => 'add the published prefixes under `addresses:`, or use `enforce: resolved`',
    explanation: 'With `enforce: ranges` the addresses of the zone stand in for its names.',
  } satisfies DiagnosticKind<[zone: string]>,
  ...CONTAINER_PROBLEMS,
  ...GATEWAY_PROBLEMS,
} as const;

const WHY_NOT_EXACT = {
  names: 'names and addresses cannot be subtracted from each other',
  interfaces: 'it lies behind interfaces that only partly belong to the zone',
  cgroups: 'a cgroup takes out itself and those below it, not a part of an account or of another cgroup',
  containers: 'containers come and go, with other addresses',
  unrecognised: 'this machine cannot recognise it',
} as const;
