import { type Diagnostic, sortDiagnostics } from '../diagnostic/index.ts';
import { type Address, type AddressRange, parseAddress, parsePrefix, prefixRange } from '../net/index.ts';
import type { SourceFile } from '../source/index.ts';
import { AUDIT_FILE_PROBLEMS } from './audit-file-problems.ts';
import { Reporter } from './reporter.ts';
import {
  choice,
  type Definitions,
  flag,
  type JsonSchema,
  list,
  mapped,
  optional,
  prose,
  type RecordOf,
  record,
  required,
  type Shape,
  text,
} from './shape.ts';
import { readYaml } from './yaml.ts';

/** What is known of a machine that an audit does not run on; YAML, and so JSON too. All parts are optional. */
const port: Shape<number> = mapped(
  text({
    expected: 'a port',
    parse: (word, span, report) =>
      /^[0-9]{1,5}$/.test(word) && Number(word) <= 65535
        ? Number(word)
        : report.say(AUDIT_FILE_PROBLEMS.badFact, span, word, 'a port from 0 to 65535'),
    numbers: true,
    schema: {},
  }),
  ({ value }) => value,
);

const address: Shape<Address> = mapped(
  text({
    expected: 'an address',
    parse: (word, span, report) =>
      parseAddress(word) ?? report.say(AUDIT_FILE_PROBLEMS.badFact, span, word, 'an address of IPv4 or IPv6'),
    schema: {},
  }),
  ({ value }) => value,
);

const prefix: Shape<AddressRange> = mapped(
  text({
    expected: 'a prefix',
    parse: (word, span, report) => {
      const parsed = parsePrefix(word);
      return 'kind' in parsed ? report.say(AUDIT_FILE_PROBLEMS.badFact, span, word, 'a prefix') : prefixRange(parsed);
    },
    schema: {},
  }),
  ({ value }) => value,
);

const protocol: Shape<'tcp' | 'udp'> = mapped(choice(['tcp', 'udp']), ({ value }) => value);

function plain<T>(shape: Shape<{ readonly value: T }>): Shape<T> {
  return mapped(shape, ({ value }) => value);
}

const FIELDS = {
  forwarding: optional(
    plain(
      record('what the machine forwards', {
        ipv4: required(flag(), 'net.ipv4.ip_forward'),
        ipv6: required(flag(), 'net.ipv6.conf.all.forwarding'),
      }),
    ),
    'whether the machine routes packets of others',
  ),
  iptablesBackends: optional(
    list(mapped(choice(['legacy', 'nft']), ({ value }) => value)),
    'the backends of iptables that hold rules',
  ),
  listeners: optional(
    list(
      plain(
        record('a listener', {
          protocol: required(protocol, 'tcp or udp'),
          port: required(port, 'the port'),
          address: optional(address, 'the address that it is bound to; absent: all'),
          program: optional(prose('text'), 'the name of the program'),
        }),
      ),
    ),
    'sockets that wait for others',
  ),
  sshPorts: optional(list(port), 'the ports of the SSH server'),
  dockerPorts: optional(
    list(
      plain(
        record('a published port', {
          protocol: required(protocol, 'tcp or udp'),
          port: required(port, 'the port of the machine'),
          address: optional(address, 'the address of the machine that it is published on; absent: all'),
          container: required(prose('text'), 'the name of the container'),
          containerAddress: required(address, 'the address of the container'),
          containerPort: required(port, 'the port of the container'),
          bridge: optional(prose('text'), 'the interface that leads to the container'),
        }),
      ),
    ),
    'ports that Docker leads to containers',
  ),
  networks: optional(
    list(
      plain(
        record('a network', {
          interface: required(prose('text'), 'the interface that it lies behind'),
          addresses: required(prefix, 'its prefix'),
        }),
      ),
    ),
    'what lies right behind the interfaces of the machine',
  ),
  persistence: optional(
    list(
      plain(
        record('what loads rules at boot', {
          name: required(prose('text'), 'such as nftables.service'),
          enabled: required(flag(), 'whether it does'),
        }),
      ),
    ),
    'what could load rules at boot',
  ),
  openclaw: optional(
    plain(
      record("what OpenClaw's configuration says", {
        config: required(prose('text'), 'where it stands'),
        exposed: required(
          list(
            plain(
              record('a listener', {
                name: required(prose('text'), 'what listens'),
                protocol: required(protocol, 'tcp or udp'),
                port: required(port, 'the port'),
              }),
            ),
          ),
          'what listens for other machines',
        ),
        proxyWithoutUrl: required(flag(), 'whether `proxy.enabled` is set without a URL'),
      }),
    ),
    'OpenClaw on this machine',
  ),
};

const file = record('facts about a machine', FIELDS);

export type FactsFile = RecordOf<typeof FIELDS>;

export interface LoadedFacts {
  readonly facts: FactsFile | undefined;
  readonly diagnostics: readonly Diagnostic[]; // sorted
}

export function loadFacts(source: SourceFile): LoadedFacts {
  const report = new Reporter();
  const node = readYaml(source, report);
  const read = node === undefined ? undefined : file.read(node, report);
  return { facts: read?.value, diagnostics: sortDiagnostics(report.diagnostics()) };
}

/** The JSON Schema (draft 2020-12) of such a file. */
export function factsJsonSchema(): JsonSchema {
  const definitions: Definitions = new Map();
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Portcullis audit: facts about a machine',
    ...file.schema(definitions),
  };
}
