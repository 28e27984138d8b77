import { decidingFlow, type Probe, type ProbeResult, type TestOutcome } from '../../analysis/index.ts';
import { escapeControls } from '../../diagnostic/index.ts';
import type { Proposal } from '../../discover/index.ts';
import type { Family } from '../../net/index.ts';
import { spanPosition } from '../../source/index.ts';
import type { TextOutput } from '../console.ts';
import type { ProvenRules } from '../lab/policy-in-nft.ts';
import { fitted as cut, textTable } from '../table.ts';
import { CONFIGURATION } from './machine.ts';
import { type Story, wentWell } from './story.ts';

const WIDTH = 98; // columns, whatever the terminal: two fewer than the narrowest that is common

export function introduction({ colors }: TextOutput): string {
  return `${colors.bold('Portcullis demo')}: from an agent's configuration to packets that a real kernel lets through or stops.
Everything happens in a private network; nothing outside is touched.

${colors.bold('1  The configuration')} of an OpenClaw agent
${indented(CONFIGURATION.trimEnd())}
`;
}

export function proposedPolicy({ colors }: TextOutput, proposal: Proposal): string {
  const flows = proposal.flows.filter(({ offered }) => !offered);
  const rows = flows.map(({ name, from, to, service, purpose }) => [
    name,
    from,
    cut(to.join(', '), 26),
    service.join(', '),
    cut(purpose, 30),
  ]);
  return `
${colors.bold('2  portcullis init')} writes the policy that it needs: ${flows.length} flows; all else is denied, IPv4 and IPv6
${indented(textTable(['flow', 'from', 'to', 'service', 'why'], rows))}
`;
}

export function checkedPolicy({ colors }: TextOutput, tests: readonly TestOutcome[]): string {
  const failed = tests.filter(({ kind }) => kind !== 'passed').length;
  const result =
    failed === 0
      ? colors.green(`${tests.length} claims proven`)
      : colors.red(`${failed} of ${tests.length} claims not proven`);
  const denials = tests.filter(({ test }) => test.expect === 'deny').map(({ test }) => test.text);
  const examples = [denials.at(0), denials.at(-1)].flatMap((text) =>
    text === undefined ? [] : [escapeControls(text)],
  );
  return `
${colors.bold('3  portcullis check')}: ${result}, each for every packet that it speaks of; for example:
${examples.map((text) => `     ${text}`).join('\n')}
`;
}

export function renderedRules({ colors }: TextOutput, rules: ProvenRules, tookMs: number): string {
  const { proof, text } = rules;
  const lines = text.split('\n').length;
  const declared = proof.approximations.length;
  return `
${colors.bold('4  portcullis render nftables')}: ${lines} lines, read back and compared with the policy packet by packet:
     ${colors.green('proven equal')} in ${Math.round(tookMs)} ms, but for ${declared} declared differences, all because a kernel compares
     addresses and not names: a name's rule also reaches other names at the same address, and none
     before the name was looked up
`;
}

export function packets(output: TextOutput, story: Story): string {
  const { colors } = output;
  const { sent, plan } = story;
  if ('refused' in sent) {
    return `
${colors.bold('5  Real packets')}: ${colors.red('none could be sent here')}: ${escapeControls(sent.refused.message)}
     ${escapeControls(sent.refused.help ?? '')}
   What the policy says of them:
${scenesTable(output, story)}
`;
  }
  const { lab } = sent;
  const how = lab.isolation === 'root' ? 'as root' : 'as an ordinary user';
  const passedBefore = lab.results.filter(({ before }) => before.result === 'passed').length;
  return `
${colors.bold('5  Real packets')} (${how}): ${plan.probes.length}, first without the policy (${passedBefore} pass), then with it;
     one machine plays all others: every address is its own, every port answers, and its DNS fills
     the kernel's sets of names
${scenesTable(output, story)}
   The kernel's own counters say the same: ${counters(sent.counters)}
`;
}

export function ending({ colors }: TextOutput, story: Story): string {
  const seconds = (story.tookMs / 1000).toFixed(1);
  const result = wentWell(story)
    ? colors.green('Every packet did what the policy says')
    : 'refused' in story.sent
      ? 'Proven, but not tried on a kernel'
      : colors.red('Not every packet did what the policy says; please report this');
  return `
${result}. ${seconds} s; the private network is gone.

Next, on your own machine:
  portcullis init                      look at it and write its policy; nothing is changed
  portcullis check                     find mistakes, prove the policy's tests
  portcullis test --lab                send packets for every rule, as here
  portcullis render nftables           print the proven rules
`;
}

function scenesTable(output: TextOutput, story: Story): string {
  const results = new Map<Probe, ProbeResult>(
    'lab' in story.sent ? story.sent.lab.results.map((result) => [result.probe, result]) : [],
  );
  const lines: string[] = [pad('', 'IPv4', 'IPv6', 'decided by')];
  let act: string | undefined;
  for (const scene of story.scenes) {
    if (scene.act !== act) lines.push(output.colors.bold(`   ${scene.act}`));
    act = scene.act;
    const own = story.plan.probes.filter(({ about }) => about === scene.subject.about);
    const cell = (family: Family): Cell => {
      const probe = own.find(({ decidedAt }) => decidedAt.family === family);
      return probe === undefined ? { text: '-', tone: 'plain' } : outcome(probe, results.get(probe));
    };
    const [v4, v6] = [cell(4), cell(6)];
    const rule = own[0] === undefined ? '' : rulePlace(own[0]);
    const paint = (from: Cell, text: string): string => paints(output, from.tone)(text);
    lines.push(
      `     ${column(scene.what, 33)}${paint(v4, column(v4.text, 18))}${paint(v6, column(v6.text, 18))}${cut(rule, WIDTH - 74)}`,
    );
  }
  return lines.join('\n');
}

function pad(what: string, v4: string, v6: string, rule: string): string {
  return `     ${column(what, 33)}${column(v4, 18)}${column(v6, 18)}${rule}`;
}

function column(text: string, width: number): string {
  return cut(text, width - 1).padEnd(width);
}

interface Cell {
  readonly text: string;
  readonly tone: 'good' | 'stopped' | 'wrong' | 'plain';
}

function paints({ colors }: TextOutput, tone: Cell['tone']): (text: string) => string {
  switch (tone) {
    case 'good':
      return colors.green;
    case 'stopped':
      return colors.yellow;
    case 'wrong':
      return colors.red;
    case 'plain':
      return colors.reset;
  }
}

/** What the kernel did, in words; where it was not tried, what the policy says. */
function outcome(probe: Probe, result: ProbeResult | undefined): Cell {
  const allowed = probe.expected.verdict === 'accept';
  if (result === undefined) return { text: allowed ? 'allowed' : 'denied', tone: allowed ? 'good' : 'stopped' };
  const { after, judgement } = result;
  if (judgement !== 'agrees') return { text: `WRONG: ${after.result}`, tone: 'wrong' };
  const ms = after.afterMs < 10 ? after.afterMs.toFixed(1) : String(Math.round(after.afterMs));
  switch (after.result) {
    case 'passed':
      return { text: `passed ${ms} ms`, tone: 'good' };
    case 'refused':
      return { text: `refused ${ms} ms`, tone: 'stopped' };
    case 'silence':
      return { text: 'no answer', tone: 'stopped' };
    case 'unsent':
      return { text: 'not sent', tone: 'plain' };
  }
}

/** The rule of the policy that had the last word, with its line. */
function rulePlace(probe: Probe): string {
  const flow = decidingFlow(probe);
  if (flow === undefined) return 'no flow allows it';
  const span = probe.expected.path.at(-1)?.origin?.span;
  return span === undefined ? flow : `${flow} (line ${spanPosition(span).line})`;
}

function counters(counted: ReadonlyMap<string, number>): string {
  const flows = [...counted].filter(([flow, packets]) => packets > 0 && !flow.startsWith('baseline:'));
  return flows.map(([flow, packets]) => `${flow} ${packets}`).join(', ');
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `     ${line}`)
    .join('\n');
}
