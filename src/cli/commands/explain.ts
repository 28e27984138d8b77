import { Command } from 'commander';
import { endsText, peerText, serviceText } from '../../analysis/index.ts';
import { escapeControls } from '../../diagnostic/index.ts';
import { BASELINE, DEFAULT_VERDICT, formatRate, type Grant, type Intent } from '../../ir/index.ts';
import type { BuiltInZone } from '../../policy/index.ts';
import { ACCOUNT_OPTION, accountsOf, collect } from '../accounts.ts';
import { type Console, JSON_OPTION, type TextOutput, writeJson } from '../console.ts';
import { DOCKER_OPTION, withContainers } from '../containers.ts';
import { type ExplainedGateway, explainGateway, gatewayLines } from '../gateway/explained.ts';
import { POLICY_ARGUMENT, policySource, soundPolicy } from '../policy-input.ts';
import { placeJson } from '../report.ts';

interface ExplainOptions {
  readonly account?: readonly string[];
  readonly docker?: readonly string[];
  readonly json?: boolean;
}

export function explainCommand(console: Console): Command {
  return new Command('explain')
    .description('The policy in plain words: its zones, each flow, what a host needs to live, and what is denied.')
    .argument('[policy]', POLICY_ARGUMENT)
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .option('--docker <file>', DOCKER_OPTION, collect)
    .option('--json', JSON_OPTION)
    .action(async (policy: string | undefined, options: ExplainOptions) => {
      const source = await policySource(console, policy);
      const explained = explain(
        soundPolicy(withContainers(console, options.docker), source, accountsOf(console, options.account)),
      );
      if (options.json === true) writeJson(console, explained);
      else console.stdout.write(explanationText(explained, console.stdout));
    });
}

/** schema/explain.json */
interface Explanation {
  readonly name: string;
  readonly zones: readonly { readonly name: string; readonly members: readonly string[] }[];
  readonly flows: readonly ExplainedFlow[];
  readonly gateway?: ExplainedGateway; // where the policy has one
  readonly baseline: readonly { readonly name: string; readonly why: string; readonly on: boolean }[];
  readonly denied: typeof DEFAULT_VERDICT; // what befalls everything else, where it stands
}

interface ExplainedFlow {
  readonly name: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly services: readonly string[];
  readonly rate?: string;
  readonly purpose?: string;
  readonly risk?: string;
  readonly owner?: string;
  readonly expires?: string;
  readonly required: boolean;
  readonly origin: { readonly file: string; readonly line: number; readonly column: number } | null;
}

function explain(intent: Intent): Explanation {
  return {
    name: intent.name,
    zones: [...intent.zones].map(([name, peers]) => ({ name, members: peers.map((peer) => peerText(peer, intent)) })),
    flows: intent.grants.map((grant) => explainedFlow(grant, intent)),
    ...(intent.gateway === undefined ? {} : { gateway: explainGateway(intent.gateway) }),
    baseline: BASELINE.map(({ name, why }) => ({
      name,
      why,
      on: intent.baseline.some((piece) => piece.name === name),
    })),
    denied: DEFAULT_VERDICT,
  };
}

function explainedFlow(grant: Grant, intent: Intent): ExplainedFlow {
  const { name, purpose, risk, owner, expires, required, origin } = grant;
  return {
    name,
    from: endsText(grant.from, intent),
    to: endsText(grant.to, intent),
    services: grant.services.map(serviceText),
    ...(grant.rate === undefined ? {} : { rate: formatRate(grant.rate) }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(risk === undefined ? {} : { risk }),
    ...(owner === undefined ? {} : { owner }),
    ...(expires === undefined ? {} : { expires }),
    required,
    origin: origin.span === undefined ? null : placeJson(origin.span),
  };
}

/** The built-in zones, whose addresses would say less. */
const BUILT_IN: Readonly<Record<string, string>> = {
  host: 'this machine, every process',
  loopback: 'this machine, as it talks to itself',
  private: 'private networks (RFC 1918, RFC 4193)',
  internet: 'every public address',
  any: 'everybody, this machine too',
} satisfies Record<BuiltInZone, string>;

function zoneLine({ name, members }: Explanation['zones'][number]): string {
  const words = members.length === 0 ? 'not recognised by this machine' : members.join('; ');
  return escapeControls(`  ${name}: ${BUILT_IN[name] ?? words}`);
}

function explanationText(explained: Explanation, output: TextOutput): string {
  const { colors } = output;
  const title = (text: string): string => `\n${colors.bold(text)}`;
  const on = explained.baseline.filter((piece) => piece.on);
  const off = explained.baseline.filter((piece) => !piece.on);
  const lines = [
    colors.bold(escapeControls(explained.name)),
    'Everything is denied, both ways, IPv4 and IPv6, but for what is listed here.',
    title('Zones: who is meant'),
    ...explained.zones.map(zoneLine),
    title('Flows: who may open what'),
    ...(explained.flows.length === 0 ? ['  none'] : explained.flows.flatMap(flowLines)),
    ...(explained.gateway === undefined
      ? []
      : [title('The egress gateway'), ...gatewayLines(explained.gateway).map(escapeControls)]),
    title('Baseline: what a host needs to live'),
    ...on.map(({ name, why }) => `  ${name}: ${why}`),
    ...(off.length === 0
      ? []
      : [title('Baseline that is switched off'), ...off.map(({ name, why }) => `  ${name}: ${why}`)]),
    title('Everything else'),
    '  what comes in is dropped: the sender hears nothing',
    '  what goes out is refused: the program that tries is told at once',
    '  what would pass through is dropped',
  ];
  return `${lines.join('\n')}\n`;
}

function flowLines(flow: ExplainedFlow): string[] {
  const { name, from, to, services, purpose, risk, owner, rate, expires, required } = flow;
  const details = [
    purpose === undefined ? '' : `why: ${purpose}`,
    risk === undefined ? '' : `risk: ${risk}`,
    rate === undefined ? '' : `at most ${rate}`,
    expires === undefined ? '' : `until the end of ${expires}`,
    owner === undefined ? '' : `owner: ${owner}`,
    required ? 'required' : '',
  ].filter((detail) => detail !== '');
  const line = `  ${name}: ${from.join(', ')} -> ${to.join(', ')} on ${services.join(', ')}`;
  return (details.length === 0 ? [line] : [line, `    ${details.join('; ')}`]).map(escapeControls);
}
