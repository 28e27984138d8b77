import { parseAddresses, parseDomain, parseException } from './endpoint-text.ts';
import {
  type HostRecognition,
  type Labels,
  type Located,
  NAME_ENFORCEMENTS,
  type ZoneDeclaration,
  type ZoneException,
} from './policy-file.ts';
import { POLICY_PROBLEMS } from './problems.ts';
import {
  choice,
  defined,
  dictionary,
  mapped,
  oneOrMany,
  optional,
  prose,
  type RecordOf,
  record,
  type Shape,
  text,
} from './shape.ts';
import { LABEL, parseAccount, parseCgroup, parseInterface } from './text.ts';

const address = defined(
  'address',
  text({
    expected: 'an address, prefix or range',
    parse: parseAddresses,
    schema: { examples: ['10.0.5.10', '10.20.0.0/16', '2001:db8::/32', '192.0.2.10-192.0.2.20'] },
  }),
);

export const domain = defined(
  'domain',
  text({
    expected: 'a host name',
    parse: parseDomain,
    schema: {
      examples: ['api.example.com', '*.example.com'],
      pattern: '^(\\*\\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\\.?$',
    },
  }),
);

const zoneName = text({ expected: 'the name of a zone', parse: (name) => name, schema: { pattern: LABEL.source } });

const exception: Shape<ZoneException> = mapped(
  text({ expected: 'an address, prefix, range or zone', parse: parseException, schema: {} }),
  ({ value }) => value,
);

/** A name in another system, or several: those systems say what is well-formed. */
function words(expected: string): Shape<readonly string[]> {
  return oneOrMany(prose(expected));
}

const bridge: Shape<Located<string>> = mapped(
  text({ expected: 'an interface name', parse: parseInterface, schema: { examples: ['pc-agents'] } }),
  ({ value: { name }, span }) => ({ value: name, span }),
);

const labels: Shape<Labels> = defined(
  'labels',
  mapped(
    dictionary(
      { expected: 'label names', pattern: /^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$/ },
      prose('a label value'),
    ),
    (entries) => new Map(entries.flatMap(({ key, value }) => (value === undefined ? [] : [[key, value] as const]))),
  ),
);

const host: Shape<HostRecognition> = mapped(
  record(
    'how this machine recognises a zone',
    {
      users: optional(
        oneOrMany(
          text({
            expected: 'an account name, a uid or a range of uids',
            parse: parseAccount,
            numbers: true,
            schema: { examples: ['openclaw', 998, '1000-1999'] },
          }),
        ),
        'local accounts whose processes belong to the zone: names, uids or ranges of uids',
      ),
      cgroups: optional(
        oneOrMany(
          text({
            expected: 'a cgroup path',
            parse: parseCgroup,
            schema: { examples: ['system.slice/openclaw.service'] },
          }),
        ),
        'version 2 cgroups whose processes belong to the zone, as paths below /sys/fs/cgroup',
      ),
      interfaces: optional(
        oneOrMany(
          text({ expected: 'an interface name', parse: parseInterface, schema: { examples: ['eth1', 'br-*'] } }),
        ),
        'network interfaces behind which the zone lies; together with `addresses`, both must fit',
      ),
    },
    { oneOf: { keys: ['users', 'cgroups', 'interfaces'], problem: POLICY_PROBLEMS.emptyHost } },
  ),
  ({ value: { users = [], cgroups = [], interfaces = [] } }) => ({ users, cgroups, interfaces }),
);

const ZONE_FIELDS = {
  description: optional(prose('text'), 'what the zone is, for people'),
  addresses: optional(
    oneOrMany(address),
    'addresses, prefixes and ranges (first-last, both included) of either family',
  ),
  domains: optional(
    oneOrMany(domain),
    'host names; `*.example.com` stands for every name below, not for `example.com` itself',
  ),
  zones: optional(oneOrMany(zoneName), 'other zones that belong to this one whole'),
  except: optional(oneOrMany(exception), 'addresses and zones that do not belong to the zone after all'),
  enforce: optional(
    choice(NAME_ENFORCEMENTS),
    'how the names are enforced: `gateway` (a proxy checks the name), `resolved` (addresses that the policy resolver handed out), `ranges` (the listed addresses)',
  ),
  host: optional(host, 'how this machine recognises the zone: by account, cgroup or interface'),
  docker: optional(
    mapped(
      record('how Docker recognises a zone', {
        network: optional(prose('a network name'), 'the Docker network'),
        subnets: optional(
          oneOrMany(address),
          'its subnets, where the policy lays it out (`render docker` makes it so); otherwise they are looked up',
        ),
        bridge: optional(bridge, 'the interface that leads to it, likewise'),
        container: optional(words('a container name'), 'containers by name'),
        labels: optional(labels, 'labels that a container must have'),
        project: optional(prose('a project name'), 'the Compose project of containers'),
        service: optional(words('a service name'), 'Compose services, by name'),
      }),
      ({ value }) => value,
    ),
    'how Docker recognises the zone: what is given narrows; a network alone stands for everything on it',
  ),
  kubernetes: optional(
    mapped(
      record('how Kubernetes recognises a zone', {
        namespace: optional(prose('a namespace'), 'the namespace, by name'),
        podSelector: optional(labels, 'labels that a pod must have'),
        namespaceSelector: optional(labels, 'labels that the namespace must have'),
        serviceAccount: optional(prose('a service account'), 'the service account that pods run as'),
      }),
      ({ value }) => value,
    ),
    'how Kubernetes recognises the zone',
  ),
  aws: optional(
    mapped(
      record('how AWS recognises a zone', {
        securityGroup: optional(words('a security group'), 'security groups by name or id'),
        prefixList: optional(words('a prefix list'), 'managed prefix lists by name or id'),
      }),
      ({ value }) => value,
    ),
    'how AWS recognises the zone',
  ),
  gcp: optional(
    mapped(
      record('how Google Cloud recognises a zone', {
        networkTag: optional(words('a network tag'), 'network tags'),
        serviceAccount: optional(words('a service account'), 'service accounts'),
      }),
      ({ value }) => value,
    ),
    'how Google Cloud recognises the zone',
  ),
  azure: optional(
    mapped(
      record('how Azure recognises a zone', {
        applicationSecurityGroup: optional(words('an application security group'), 'application security groups'),
        serviceTag: optional(words('a service tag'), 'service tags'),
      }),
      ({ value }) => value,
    ),
    'how Azure recognises the zone',
  ),
};

type ZoneRecord = RecordOf<typeof ZONE_FIELDS>;

/** A zone without its name, which is the key that it stands under. */
export const zone: Shape<Omit<ZoneDeclaration, 'name' | 'span'>> = defined(
  'zone',
  mapped(
    record('a zone', ZONE_FIELDS, {
      oneOf: {
        keys: ['addresses', 'domains', 'zones', 'host', 'docker', 'kubernetes', 'aws', 'gcp', 'azure'],
        problem: POLICY_PROBLEMS.emptyZone,
      },
      synonyms: {
        address: 'addresses',
        cidr: 'addresses',
        cidrs: 'addresses',
        ip: 'addresses',
        ips: 'addresses',
        networks: 'addresses',
        hosts: 'domains',
        names: 'domains',
        fqdn: 'domains',
        users: 'host',
        accounts: 'host',
        interfaces: 'host',
        k8s: 'kubernetes',
        not: 'except',
        exclude: 'except',
      },
    }),
    ({ value }) => declaration(value),
  ),
);

function declaration(value: ZoneRecord): Omit<ZoneDeclaration, 'name' | 'span'> {
  const { description, addresses, domains, zones, except, enforce, host: onHost, ...elsewhere } = value;
  return {
    ...(description === undefined ? {} : { description }),
    addresses: addresses ?? [],
    domains: domains ?? [],
    zones: zones ?? [],
    except: except ?? [],
    ...(enforce === undefined ? {} : { enforce }),
    ...(onHost === undefined ? {} : { host: onHost }),
    elsewhere,
  };
}
