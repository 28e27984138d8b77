import type { Span } from '../source/index.ts';
import { parseDestination, parseEndpoint } from './endpoint-text.ts';
import { gateway } from './gateway-shape.ts';
import {
  type CatalogOverride,
  type Claim,
  type Endpoint,
  type FlowDeclaration,
  type Located,
  NAME_ENFORCEMENTS,
  type ServiceReference,
  type TestDeclaration,
} from './policy-file.ts';
import { POLICY_PROBLEMS } from './problems.ts';
import type { Reporter } from './reporter.ts';
import { parseService } from './service-text.ts';
import {
  choice,
  constant,
  defined,
  dictionary,
  flag,
  list,
  mapped,
  oneOrMany,
  optional,
  prose,
  type RecordOf,
  record,
  required,
  type Shape,
  text,
} from './shape.ts';
import { FLOW_NAME, LABEL, parseDate, parseRate } from './text.ts';
import { domain, zone } from './zone-shape.ts';

/** The version of the language that this program reads. */
export const LANGUAGE_VERSION = 1;

const name = text({
  expected: 'a name',
  parse: (word, span, report) =>
    FLOW_NAME.test(word) ? word : report.say(POLICY_PROBLEMS.badName, span, word, 'a name'),
  schema: { pattern: FLOW_NAME.source },
});

const label = { expected: 'a name', pattern: LABEL };

const endpoint = defined(
  'endpoint',
  text({
    expected: 'a zone, `catalog:` and an entry, an address, a prefix or a host name',
    parse: parseEndpoint,
    schema: {
      description: 'a zone, `catalog:` and an entry, an address, a prefix, a range or a host name',
      examples: ['host', 'internet', 'private', 'any', 'catalog:discord', '10.0.0.0/8', 'api.example.com'],
    },
  }),
);
const endpoints: Shape<readonly Located<Endpoint>[]> = oneOrMany(endpoint);

const service = defined(
  'service',
  text({
    expected: 'a service',
    parse: parseService,
    numbers: true, // so that a bare port gets a better answer than "write it in quotes"
    schema: {
      description: 'a name, or a protocol with its ports or its ICMP type',
      examples: ['ssh', 'https', 'tcp/22', 'udp/8000-8100', 'tcp/any', 'icmp/echo-request', 'gre'],
      type: 'string',
    },
  }),
);
const services: Shape<readonly Located<ServiceReference>[]> = oneOrMany(service);

const flow: Shape<FlowDeclaration> = defined(
  'flow',
  mapped(
    record(
      'a flow',
      {
        name: required(name, 'unique in the policy; appears in rules, counters and logs'),
        from: required(endpoints, 'who may open the connection'),
        to: required(endpoints, 'towards whom'),
        service: required(services, 'on which services'),
        purpose: optional(prose('text'), 'why this must be possible'),
        risk: optional(prose('text'), 'what it could be misused for'),
        required: optional(flag(), 'true: the agent cannot do its work without it'),
        owner: optional(prose('text'), 'who answers for it'),
        expires: optional(
          text({ expected: 'a date', parse: parseDate, schema: { pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' } }),
          'the last day on which it may be used (UTC); an expired flow is an error',
        ),
        rate: optional(
          text({
            expected: 'a rate',
            parse: parseRate,
            schema: {
              pattern: '^\\s*[0-9]{1,10}\\s*/\\s*(second|minute|hour|day)(\\s+per\\s+source)?\\s*$',
              examples: ['6/minute per source'],
            },
          }),
          'how many new connections, in all or of each source address',
        ),
      },
      {
        synonyms: {
          source: 'from',
          src: 'from',
          sources: 'from',
          destination: 'to',
          dst: 'to',
          dest: 'to',
          destinations: 'to',
          port: 'service',
          ports: 'service',
          protocol: 'service',
          services: 'service',
          description: 'purpose',
          reason: 'purpose',
          comment: 'purpose',
          limit: 'rate',
          until: 'expires',
          expiry: 'expires',
        },
      },
    ),
    ({ value, span }) => ({ ...value, span, required: value.required ?? false }),
  ),
);

const destination = defined(
  'claim',
  text({
    expected: 'a destination such as `discord.com:443/tcp`, or a service where the test has `to`',
    parse: (words) => words,
    schema: { examples: ['discord.com:443/tcp', '[2001:db8::1]:443/tcp', '10.0.0.0/8:22/tcp', 'tcp/1-65535'] },
  }),
);

const TEST_FIELDS = {
  name: optional(prose('text'), 'what the test is about, for people'),
  from: required(endpoints, 'who sends'),
  to: optional(endpoints, 'to whom; the claims are services then'),
  allow: optional(oneOrMany(destination), 'what must be let through, every packet of it'),
  deny: optional(oneOrMany(destination), 'what must not be let through, no packet of it'),
};

const test: Shape<TestDeclaration> = defined(
  'test',
  mapped(
    record('a test', TEST_FIELDS, { oneOf: { keys: ['allow', 'deny'], problem: POLICY_PROBLEMS.emptyTest } }),
    ({ value, span }, report) => testDeclaration(value, span, report),
  ),
);

function testDeclaration(value: RecordOf<typeof TEST_FIELDS>, span: Span, report: Reporter): TestDeclaration {
  const allow = claims('allow', value.allow ?? [], value.to, report);
  const deny = claims('deny', value.deny ?? [], value.to, report);
  return {
    ...(value.name === undefined ? {} : { name: value.name }),
    span,
    from: value.from,
    claims: [...allow, ...deny],
  };
}

function claims(
  expect: Claim['expect'],
  lines: readonly Located<string>[],
  to: readonly Located<Endpoint>[] | undefined,
  report: Reporter,
): Claim[] {
  return lines.flatMap(({ value: words, span }) => {
    if (to !== undefined) {
      const found = parseService(words, span, report);
      return found === undefined ? [] : [{ expect, text: words, span, to, service: { value: found, span } }];
    }
    const found = parseDestination(words, span, report);
    if (found === undefined) return [];
    return [{ expect, text: words, span, to: [{ value: found.to, span }], service: { value: found.service, span } }];
  });
}

const override: Shape<Omit<CatalogOverride, 'name' | 'span'>> = defined(
  'catalogEntry',
  mapped(
    record('a catalogue entry', {
      domains: optional(oneOrMany(domain), 'host names instead of those that come with the program'),
      add: optional(oneOrMany(domain), 'host names beside those that come with the program'),
      remove: optional(oneOrMany(domain), 'host names that this policy does without, spelt as in the catalogue'),
    }),
    ({ value: { domains, add = [], remove = [] } }) => ({ ...(domains === undefined ? {} : { domains }), add, remove }),
  ),
);

const POLICY_FIELDS = {
  portcullis: optional(constant(LANGUAGE_VERSION, 'the language version'), 'the version of the policy language: 1'),
  name: optional(name, 'the name of the policy, for people and logs'),
  include: optional(
    oneOrMany(text({ expected: 'a path', parse: (path) => path, schema: { minLength: 1 } })),
    'other files that belong to the policy, relative to this one; all their declarations add up',
  ),
  enforce: optional(choice(NAME_ENFORCEMENTS), 'how host names are enforced where their zone does not say'),
  zones: optional(dictionary(label, zone), 'who: named sets of endpoints, and how each layer recognises them'),
  services: optional(
    dictionary(label, services),
    'named services of this policy; they go before those of the catalogue',
  ),
  flows: optional(list(flow), 'what may flow; all else is denied, both ways, IPv4 and IPv6'),
  tests: optional(list(test), 'what must hold; proven on the policy and on everything rendered from it'),
  baseline: optional(
    dictionary({ expected: 'a piece of the baseline', pattern: /^[a-z0-9-]+$/ }, flag()),
    'pieces of what a host needs to live, switched off (or on); `portcullis explain` lists them',
  ),
  gateway: optional(
    gateway,
    'the egress gateway that takes the names of flows at their word; names are enforced by it then',
  ),
  catalog: optional(dictionary(label, override), 'entries of the catalogue as this policy wants them, or new ones'),
};

export type PolicyRecord = RecordOf<typeof POLICY_FIELDS>;

/** One file of a policy. */
export const policy = record('a policy', POLICY_FIELDS, {
  extensions: true,
  synonyms: {
    version: 'portcullis',
    rules: 'flows',
    policies: 'flows',
    includes: 'include',
    imports: 'include',
    groups: 'zones',
  },
});
