import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { SourceFile, Span } from '../../source/index.ts';
import { linesOf } from '../iptables/line.ts';
import { UFW_PROBLEMS } from './problems.ts';

export const POLICIES = ['ACCEPT', 'DROP', 'REJECT'] as const;
export type Policy = (typeof POLICIES)[number];

export const LOG_LEVELS = ['off', 'low', 'medium', 'high', 'full'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const CHAINS = ['input', 'output', 'forward'] as const;
export type Policies = Readonly<Record<(typeof CHAINS)[number], Policy>>;

/** What `/etc/default/ufw` and `ufw.conf` say. */
export interface Settings {
  readonly isEnabled: boolean;
  readonly isIpv6: boolean; // rules of IPv6 are loaded; without them all of IPv6 but loopback is dropped
  readonly policies: Policies;
  readonly logLevel: LogLevel;
}

/** Those of a fresh installation (Debian 12), but enabled. */
export const STOCK_SETTINGS: Settings = {
  isEnabled: true,
  isIpv6: true,
  policies: { input: 'DROP', output: 'ACCEPT', forward: 'DROP' },
  logLevel: 'low',
};

/** Assignments of a shell file, the last of each name; both files are read by a shell and by ufw itself. */
export function readAssignments(files: readonly SourceFile[]): {
  readonly values: ReadonlyMap<string, Assignment>;
  readonly diagnostics: readonly Diagnostic[];
} {
  const values = new Map<string, Assignment>();
  const diagnostics: Diagnostic[] = [];
  for (const file of files) {
    for (const { start, end } of linesOf(file)) {
      const line = file.text.slice(start, end);
      if (/^\s*(?:#|$)/.test(line)) continue;
      const span = { file, start, end: start + line.trimEnd().length };
      const found = /^\s*([A-Za-z_]\w*)=(?:"([^"$`\\]*)"|'([^']*)'|([^\s"'$`\\;&|]*))\s*(?:#.*)?$/.exec(line);
      if (found === null) diagnostics.push(diagnose(UFW_PROBLEMS.setting, span, line.trim(), 'no plain assignment'));
      else values.set(found[1]!, { value: found[2] ?? found[3] ?? found[4] ?? '', span });
    }
  }
  return { values, diagnostics };
}

export interface Assignment {
  readonly value: string;
  readonly span: Span;
}

/** @param base what counts where nothing is said */
export function readSettings(
  values: ReadonlyMap<string, Assignment>,
  base: Settings,
): { readonly settings: Settings; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const policy = (chain: keyof Policies): Policy => {
    const said = values.get(`DEFAULT_${chain.toUpperCase()}_POLICY`);
    const known = POLICIES.find((each) => each === said?.value);
    if (said !== undefined && known === undefined)
      diagnostics.push(diagnose(UFW_PROBLEMS.setting, said.span, said.value, 'a policy is ACCEPT, DROP or REJECT'));
    return known ?? base.policies[chain];
  };
  const isYes = (name: string, otherwise: boolean): boolean => {
    const said = values.get(name)?.value;
    return said === undefined ? otherwise : said === 'yes' || said === 'YES';
  };
  const modules = values.get('IPT_MODULES');
  if (modules !== undefined && modules.value.trim() !== '')
    diagnostics.push(diagnose(UFW_PROBLEMS.helpers, modules.span, modules.value.trim()));
  const builtins = values.get('MANAGE_BUILTINS');
  if (builtins?.value === 'yes') diagnostics.push(diagnose(UFW_PROBLEMS.flushesOthers, builtins.span));
  const level = values.get('LOGLEVEL')?.value.toLowerCase();
  return {
    settings: {
      isEnabled: isYes('ENABLED', base.isEnabled),
      isIpv6: isYes('IPV6', base.isIpv6),
      policies: { input: policy('input'), output: policy('output'), forward: policy('forward') },
      logLevel: LOG_LEVELS.find((each) => each === level) ?? base.logLevel,
    },
    diagnostics,
  };
}

export function printDefaults({ isIpv6, policies }: Settings): string {
  return [
    '# Written by Portcullis for /etc/default/ufw.',
    `IPV6=${isIpv6 ? 'yes' : 'no'}`,
    ...CHAINS.map((chain) => `DEFAULT_${chain.toUpperCase()}_POLICY="${policies[chain]}"`),
    'DEFAULT_APPLICATION_POLICY="SKIP"',
    'MANAGE_BUILTINS=no',
    'IPT_SYSCTL=/etc/ufw/sysctl.conf',
    'IPT_MODULES=""',
    '',
  ].join('\n');
}

export function printConf({ isEnabled, logLevel }: Settings): string {
  return `# Written by Portcullis for /etc/ufw/ufw.conf.\nENABLED=${isEnabled ? 'yes' : 'no'}\nLOGLEVEL=${logLevel}\n`;
}
