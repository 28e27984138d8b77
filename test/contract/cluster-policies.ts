import { readFileSync } from 'node:fs';
import { loadCatalog } from '../../src/catalog/index.ts';
import type { Diagnostic } from '../../src/diagnostic/index.ts';
import type { ClusterIntent } from '../../src/kubernetes/index.ts';
import { loadPolicyText } from '../../src/policy/index.ts';
import { type ResolvedForCluster, resolveForCluster } from '../../src/resolve/cluster-intent.ts';
import { SourceFile } from '../../src/source/index.ts';
import type { ClusterTargetOptions } from '../../src/target/index.ts';

/** A policy for a cluster, and what is special about it. */
export interface ClusterCase {
  readonly name: string;
  readonly why: string;
  readonly namespaces: readonly string[]; // that are governed; none: as the policy says
  readonly text: string;
  readonly nodeLocalDns?: boolean;
}

const AGENT = 'agent: { kubernetes: { namespace: claw, podSelector: { app: agent } } }';
const GATEWAY = 'gateway: { upstream: ["tls://9.9.9.9#dns.quad9.net", "tls://[2620:fe::fe]#dns.quad9.net"] }';

const CLUSTER_CASES: readonly ClusterCase[] = [
  {
    name: 'openclaw-prod',
    why: 'the example with zones for every layer, its names through a gateway',
    namespaces: ['openclaw'],
    text: example('openclaw-prod.yaml').replace('\nzones:', `\n${GATEWAY}\nzones:`),
  },
  {
    name: 'openclaw-kubernetes',
    why: 'the example for a cluster, with its tests',
    namespaces: ['openclaw'],
    text: example('openclaw-kubernetes.yaml'),
  },
  {
    name: 'two-namespaces',
    why: 'both ends of a flow are governed, and each says its side',
    namespaces: ['openclaw', 'monitoring'],
    text: example('openclaw-prod.yaml').replace('\nzones:', `\n${GATEWAY}\nzones:`),
  },
  {
    name: 'ipv6-only',
    why: 'no rule of IPv4 may come of it',
    namespaces: ['claw'],
    text: policy(`${AGENT}\n  db: { addresses: ["2001:db8:7::/64"] }`, [
      '{ name: db, from: agent, to: db, service: tcp/5432 }',
      '{ name: admin, from: "2001:db8:9::7", to: agent, service: tcp/18789 }',
    ]),
  },
  {
    name: 'ports',
    why: 'ranges, several, a whole protocol, SCTP',
    namespaces: ['claw'],
    text: policy(`${AGENT}\n  db: { kubernetes: { namespace: data, podSelector: { app: db, tier: back } } }`, [
      '{ name: range, from: agent, to: db, service: [tcp/8000-8100, tcp/8101, udp/53] }',
      '{ name: whole, from: agent, to: 10.1.0.0/16, service: udp/any }',
      '{ name: sctp, from: db, to: agent, service: sctp/36412 }',
    ]),
  },
  {
    name: 'any',
    why: 'everybody, everything: also pods of the namespace that are in no zone',
    namespaces: [],
    text: policy(AGENT, [
      '{ name: in, from: any, to: agent, service: tcp/8080 }',
      '{ name: out, from: agent, to: any, service: any }',
    ]),
  },
  {
    name: 'except',
    why: 'addresses and pods that are taken out',
    namespaces: ['claw'],
    text: policy(
      `${AGENT}
  web: { kubernetes: { namespace: web }, except: [batch] }
  batch: { kubernetes: { namespace: web, podSelector: { job: batch, tier: low } } }
  office: { addresses: [10.0.0.0/8, "fd00::/8"], except: [10.9.0.0/16, 10.1.2.3] }`,
      [
        '{ name: web, from: web, to: agent, service: tcp/80 }',
        '{ name: office, from: agent, to: office, service: tcp/443 }',
        '{ name: internet, from: agent, to: internet, service: tcp/443 }',
      ],
    ),
  },
  {
    name: 'unions',
    why: 'zones of zones, and one that is told by labels of its namespace',
    namespaces: [],
    text: policy(
      `${AGENT}
  ops: { kubernetes: { namespaceSelector: { team: ops }, podSelector: { role: probe } } }
  desk: { addresses: [192.0.2.0/24] }
  people: { zones: [ops, desk] }`,
      [
        '{ name: people, from: people, to: agent, service: tcp/18789 }',
        '{ name: peers, from: agent, to: agent, service: tcp/7000 }',
      ],
    ),
  },
  {
    name: 'names-by-gateway',
    why: 'names, with a name of the policy’s own and resolvers for a domain',
    namespaces: [],
    text: policy(
      AGENT,
      [
        '{ name: model, from: agent, to: api.anthropic.com, service: https }',
        '{ name: git, from: agent, to: git.corp.example, service: tcp/22 }',
        '{ name: db, from: agent, to: 10.0.7.3, service: tcp/5432 }',
      ],
      `gateway:
  upstream: [9.9.9.9]
  domains: { corp.example: 10.0.0.53 }
  hosts: { git.corp.example: 10.0.7.9 }`,
    ),
  },
  {
    name: 'names-by-ranges',
    why: 'addresses stand for names',
    namespaces: [],
    text: policy(`${AGENT}\n  git: { domains: [git.example.com], addresses: [192.0.2.8/30], enforce: ranges }`, [
      '{ name: git, from: agent, to: git, service: ssh }',
    ]),
  },
  {
    name: 'prefixes',
    why: 'many addresses that make no block',
    namespaces: [],
    text: policy(
      `${AGENT}
  many: { addresses: [192.0.2.1, 192.0.2.3, 192.0.2.5, 192.0.2.7, 192.0.2.9, "2001:db8:7::/48"] }`,
      [
        '{ name: out, from: agent, to: many, service: tcp/443 }',
        '{ name: in, from: many, to: agent, service: tcp/18789 }',
      ],
    ),
  },
  {
    name: 'icmp',
    why: 'what has no ports',
    namespaces: [],
    text: policy(AGENT, [
      '{ name: ping, from: 192.0.2.0/24, to: agent, service: ping }',
      '{ name: tunnel, from: agent, to: 192.0.2.7, service: [gre, tcp/22] }',
    ]),
  },
  {
    name: 'node-local-dns',
    why: 'a DNS cache on each node beside the cluster’s DNS',
    namespaces: [],
    nodeLocalDns: true,
    text: policy(AGENT, ['{ name: web, from: agent, to: internet, service: https }']),
  },
];

const SERVICE_ACCOUNT_CASE: ClusterCase = {
  name: 'service-account',
  why: 'a zone that is told by who runs its pods',
  namespaces: ['claw'],
  text: policy(
    `${AGENT}\n  runner: { kubernetes: { namespace: claw, serviceAccount: runner } }\n  ci: { kubernetes: { namespace: ci, serviceAccount: deployer } }`,
    [
      '{ name: ci, from: ci, to: runner, service: tcp/8443 }',
      '{ name: back, from: runner, to: agent, service: tcp/8080 }',
    ],
  ),
};

const RESOLVED_NAMES_CASE: ClusterCase = {
  name: 'resolved-names',
  why: 'names without a gateway, for those who look them up themselves',
  namespaces: ['claw'],
  text: policy(AGENT, [
    '{ name: model, from: agent, to: api.anthropic.com, service: https, purpose: the model }',
    '{ name: discord, from: agent, to: catalog:discord, service: https }',
    '{ name: metrics, from: 10.20.0.0/16, to: agent, service: tcp/9090 }',
  ]),
};

export const CASES: readonly ClusterCase[] = [...CLUSTER_CASES, SERVICE_ACCOUNT_CASE, RESOLVED_NAMES_CASE];

export const OPTIONS: ClusterTargetOptions = {
  gatewayImage: 'example.invalid/portcullis:1',
  calicoDomains: false,
  calicoTier: 'portcullis',
  clusterWide: false,
};

function policy(zones: string, flows: readonly string[], more = ''): string {
  return `portcullis: 1\nname: case\n${more}\nzones:\n  ${zones}\nflows:\n${flows.map((flow) => `  - ${flow}\n`).join('')}`;
}

function example(name: string): string {
  return readFileSync(new URL(`../../examples/${name}`, import.meta.url), 'utf8');
}

const catalog = loadCatalog();

export function resolved({ name, text, namespaces, nodeLocalDns = false }: ClusterCase): ResolvedForCluster {
  const { policy: file, diagnostics } = loadPolicyText(new SourceFile(`${name}.yaml`, text), () => ({
    reason: 'there is none',
  }));
  if (file === undefined) return { intent: undefined, diagnostics };
  return resolveForCluster(file, { accounts: new Map(), catalog, today: '2026-11-26', namespaces, nodeLocalDns });
}

export function intentOf(each: ClusterCase): ClusterIntent {
  const { intent, diagnostics } = resolved(each);
  if (intent === undefined) throw new Error(`${each.name}: ${told(diagnostics)}`);
  return intent;
}

export function told(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(({ code, message }) => `${code} ${message}`).join('; ');
}
