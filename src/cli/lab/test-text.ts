import { type Coverage, formatFlow } from '../../analysis/index.ts';
import { escapeControls } from '../../diagnostic/index.ts';
import type { TextOutput } from '../console.ts';
import { textTable } from '../table.ts';
import type { LabRun } from './run.ts';
import { count, holds, type KernelOutcome, type TestRun, undercounted } from './test-outcome.ts';

const SHOWN = 20; // findings of one kind; the rest is counted

/** What `portcullis test` found out, for people. */
export function testText(output: TextOutput, run: TestRun): string {
  const { colors } = output;
  const sections = [
    inFileTests(output, run),
    generated(output, run),
    ...(run.lab === undefined ? [] : [inLab(output, run, run.lab)]),
  ];
  const verdict = holds(run)
    ? colors.green(summary(run))
    : colors.red('something does not hold: see the lines marked with an x');
  return `${sections.join('\n\n')}\n\n${verdict}\n`;
}

function summary({ coverage = [] }: TestRun): string {
  const idle = coverage.filter(({ flow, uncovered }) => uncovered !== undefined && !flow.startsWith('baseline:'));
  if (idle.length === 0) return 'everything holds';
  return `everything that could be tried holds; ${idle.length === 1 ? 'one flow was' : `${idle.length} flows were`} not exercised`;
}

function mark(output: TextOutput, ok: boolean | undefined): string {
  return ok === undefined ? '-' : ok ? output.colors.green('ok') : output.colors.red('x');
}

function inFileTests(output: TextOutput, run: TestRun): string {
  const title = output.colors.bold(`Tests of ${escapeControls(run.policy)}`);
  if (run.onPolicy.length === 0)
    return `${title}\n  it has none; add some under \`tests:\`, they are proven for every packet`;
  const lines = run.onPolicy.flatMap((outcome, index) => {
    const rendered = run.onNftables[index] ?? outcome;
    const isKept = rendered.kind === 'gateway' || passed(rendered) === true;
    const ok = passed(outcome) === undefined ? undefined : passed(outcome) === true && isKept;
    const remark =
      ok === undefined
        ? '  (speaks of no packet here)'
        : rendered.kind === 'gateway'
          ? "  (the gateway's to keep)"
          : '';
    const failed = [outcome, rendered].find((each) => each.kind === 'failed');
    return [
      `  ${mark(output, ok)}  ${escapeControls(outcome.test.text)}${remark}`,
      ...(failed?.kind === 'failed'
        ? [
            `     ${failed === outcome ? 'the policy' : 'the nftables text'} does otherwise with: ${escapeControls(formatFlow(failed.witness))}`,
          ]
        : []),
    ];
  });
  return [`${title}, proven for every packet they speak of, on the policy and on the nftables text`, ...lines].join(
    '\n',
  );
}

function passed(outcome: KernelOutcome): boolean | undefined {
  return outcome.kind === 'empty' ? undefined : outcome.kind === 'passed';
}

function generated(output: TextOutput, { plan, replays }: TestRun): string {
  const wrong = replays.filter(({ judgement }) => judgement === 'contradicts');
  const lines = [
    `${output.colors.bold('Generated packets')}, for each flow at its corners and just outside them`,
    `  ${mark(output, wrong.length === 0)}  ${replays.length} asked: policy and nftables agree on ${count(replays, 'agrees')}, ${count(replays, 'declared')} differ as declared`,
    ...wrong
      .slice(0, SHOWN)
      .map(
        ({ probe, actual }) =>
          `  ${mark(output, false)}  ${formatFlow(probe.decidedAt)}: ${probe.expected.verdict} by the policy, ${actual.verdict} by nftables`,
      ),
    ...more(wrong.length),
    ...(plan.leftOut === 0 ? [] : [`     ${plan.leftOut} more were left out; \`--probes\` raises the limit`]),
  ];
  return lines.join('\n');
}

function inLab(output: TextOutput, run: TestRun, lab: LabRun): string {
  const how =
    lab.isolation === 'root'
      ? 'as root'
      : lab.worlds === 1
        ? 'as an ordinary user'
        : `as an ordinary user, one world for each of ${lab.worlds} accounts`;
  const wrong = lab.results.filter(({ judgement }) => judgement === 'contradicts');
  const silent = lab.results.filter(({ judgement }) => judgement === 'void');
  const lines = [
    `${output.colors.bold('Real packets')} through the kernel, in a private network (${how}), ${(lab.tookMs / 1000).toFixed(1)} s`,
    `  ${mark(output, wrong.length === 0)}  ${lab.results.length} sent without the policy and with it: ${count(lab.results, 'agrees')} did what the policy says, ${count(lab.results, 'declared')} differ as declared, ${silent.length} say nothing`,
    ...wrong
      .slice(0, SHOWN)
      .map(
        ({ probe, reason }) =>
          `  ${mark(output, false)}  ${escapeControls(`${formatFlow(probe.flows[0])}: ${reason}`)}`,
      ),
    ...more(wrong.length),
    ...silent
      .slice(0, SHOWN)
      .map(({ probe, reason }) => `  -  ${escapeControls(`${formatFlow(probe.flows[0])}: ${reason}`)}`),
    ...more(silent.length),
    ...lab.limits.map((limit) => `  -  ${limit}`),
  ];
  return [...lines, '', coverageTable(output, run.coverage ?? [])].join('\n');
}

function coverageTable(output: TextOutput, coverage: readonly Coverage[]): string {
  const isIdlePiece = ({ flow, uncovered }: Coverage): boolean =>
    flow.startsWith('baseline:') && uncovered !== undefined;
  const rows = coverage
    .filter((each) => !isIdlePiece(each))
    .map((each) => [
      each.flow,
      String(each.passed),
      each.counted === undefined ? '-' : String(each.counted),
      finding(each),
    ]);
  const exercised = coverage.filter(({ uncovered }) => uncovered === undefined).length;
  return [
    `${output.colors.bold('Rules exercised')}: ${exercised} of ${coverage.length}`,
    indented(textTable(['flow', 'let through', 'kernel counter', ''], rows)),
    ...coverage.filter(isIdlePiece).map(({ flow, uncovered }) => `  not exercised: ${flow} (${uncovered})`),
  ].join('\n');
}

function finding(each: Coverage): string {
  if (undercounted(each)) return 'x  another rule let its packets through';
  return each.uncovered === undefined ? '' : `not exercised: ${each.uncovered}`;
}

function more(found: number): string[] {
  return found > SHOWN ? [`     ... and ${found - SHOWN} more (\`--json\` has them all)`] : [];
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
