import { type Diagnostic, hasErrors } from '../../diagnostic/index.ts';
import type { Family } from '../../net/index.ts';
import { SourceFile } from '../../source/index.ts';
import type { Table } from '../iptables/ast.ts';
import { parseRestores } from '../iptables/parse-restore.ts';
import { jumpProblems } from '../iptables/references.ts';
import { chainPrefix } from './expand.ts';
import { CHAINS, type Policies, type Policy, type Settings } from './settings.ts';

/** The texts that ufw loads for one family, between those of its own. */
export interface FamilyFiles {
  readonly before: SourceFile;
  readonly after: SourceFile;
  readonly user: SourceFile;
}

export interface Loaded {
  readonly tables: readonly Table[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The tables that a machine has after `ufw-init start`, which loads one text after the other with `iptables-restore --noflush` (ufw 0.36,
 * /usr/lib/ufw/ufw-init-functions): its chains and their hooks, what follows from the policies, `before.rules`, `after.rules`,
 * `user.rules`, the way there, and the policies of the built-in chains last.
 */
export function loadTables(settings: Settings, files: Readonly<Record<Family, FamilyFiles>>): Loaded {
  if (!settings.isEnabled) return { tables: [], diagnostics: [] };
  const families = ([4, 6] as const).map((family) => {
    if (family === 6 && !settings.isIpv6) return parseRestores([initFile(6, 'IPV6=no', withoutIpv6())], 6);
    const { before, after, user } = files[family];
    const { policies } = settings;
    return parseRestores(
      [
        initFile(family, 'chains', ownChains(family, policies)),
        ...[before, after],
        initFile(family, 'user chains', userChains(family)),
        user,
        initFile(family, 'hooks and policies', hooks(family, policies)),
      ],
      family,
    );
  });
  const diagnostics = families.flatMap((each) => each.diagnostics);
  const tables = families.flatMap((each) => each.tables);
  return { tables, diagnostics: hasErrors(diagnostics) ? diagnostics : [...diagnostics, ...jumpProblems(tables)] };
}

function initFile(family: Family, what: string, lines: readonly string[]): SourceFile {
  return new SourceFile(`<ufw-init, IPv${family}: ${what}>`, `*filter\n${lines.join('\n')}\nCOMMIT\n`);
}

function withoutIpv6(): string[] {
  return [
    ...['INPUT', 'FORWARD', 'OUTPUT'].map((chain) => `:${chain} DROP [0:0]`),
    '-A INPUT -i lo -j ACCEPT',
    '-A OUTPUT -o lo -j ACCEPT',
  ];
}

/** The parts that each built-in chain leads through, in this order. */
const PARTS = ['before-logging', 'before', 'after', 'after-logging', 'reject', 'track'] as const;

function ownChains(family: Family, policies: Policies): string[] {
  const prefix = chainPrefix(family);
  const declare = (chain: string): string => `:${prefix}-${chain} - [0:0]`;
  return [
    ...PARTS.flatMap((part) => CHAINS.map((chain) => declare(`${part}-${chain}`))),
    ...CHAINS.flatMap((chain) => PARTS.map((part) => `-A ${chain.toUpperCase()} -j ${prefix}-${part}-${chain}`)),
    ...CHAINS.flatMap((chain) => policyRules(prefix, chain, policies[chain])),
    ...['logging-deny', 'logging-allow'].map(declare),
    ...CHAINS.flatMap((chain) => {
      const skip = `skip-to-policy-${chain}`;
      return [declare(skip), `-A ${prefix}-${skip} -j ${policies[chain]}`];
    }),
  ];
}

/** What follows from a policy before the built-in chain has it: refusals are told, and what is allowed is tracked. */
function policyRules(prefix: string, chain: string, policy: Policy): string[] {
  switch (policy) {
    case 'REJECT':
      return [`-A ${prefix}-reject-${chain} -j REJECT`];
    case 'ACCEPT':
      return ['tcp', 'udp'].map(
        (protocol) => `-A ${prefix}-track-${chain} -p ${protocol} -m conntrack --ctstate NEW -j ACCEPT`,
      );
    case 'DROP':
      return [];
  }
}

function userChains(family: Family): string[] {
  const chains = [
    ...['user', 'user-logging'].flatMap((part) => CHAINS.map((chain) => `${part}-${chain}`)),
    ...['user-limit', 'user-limit-accept'],
  ];
  return chains.map((chain) => `:${chainPrefix(family)}-${chain} - [0:0]`);
}

function hooks(family: Family, policies: Policies): string[] {
  const prefix = chainPrefix(family);
  return [
    ...CHAINS.map((chain) => `-A ${prefix}-before-${chain} -j ${prefix}-user-${chain}`),
    ...CHAINS.map((chain) => `:${chain.toUpperCase()} ${policies[chain] === 'ACCEPT' ? 'ACCEPT' : 'DROP'} [0:0]`),
  ];
}
