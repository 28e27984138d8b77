import { type RuleFinding, ruleFindings, spanOf, writtenRules } from '../../analysis/index.ts';
import { type Console, EXIT, type ExitCode, writeJson } from '../console.ts';
import { longWork } from '../long-work.ts';
import { diagnosticsJson, type OpaqueJson, opaqueJson, reportDiagnostics } from '../report.ts';
import { readRulesetFiles } from '../subject.ts';
import { type FindingJson, FindingWriter } from './findings.ts';

/** schema/check.json, of a firewall's configuration */
interface CheckRulesetJson {
  readonly ok: boolean;
  readonly diagnostics: ReturnType<typeof diagnosticsJson>;
  readonly tests: { readonly passed: 0; readonly failed: 0 };
  readonly rules: number;
  readonly findings: readonly FindingJson[];
  readonly opaque: readonly OpaqueJson[];
}

/** `check --in`: what could not be understood, and every rule without effect. */
export async function checkRuleset(console: Console, paths: readonly string[], asJson: boolean): Promise<ExitCode> {
  const { ruleset, opaque, diagnostics } = await readRulesetFiles(console, paths);
  const bounds = opaque.map(({ packets }) => packets);
  const found = longWork(console, 'checking', (watcher) => ruleFindings(ruleset, bounds, watcher)).toSorted(
    (a, b) => startOf(a) - startOf(b),
  );
  const writer = new FindingWriter(ruleset);
  const all = [...diagnostics, ...found.map((finding) => writer.diagnostic(finding))];
  const rules = writtenRules(ruleset).count;
  if (asJson) {
    writeJson(console, {
      ok: found.length === 0,
      diagnostics: diagnosticsJson(all),
      tests: { passed: 0, failed: 0 },
      rules,
      findings: found.map((finding) => writer.json(finding)),
      opaque: opaque.map(opaqueJson),
    } satisfies CheckRulesetJson);
  } else {
    reportDiagnostics(console, all);
    console.stdout.write(`${summary(console, rules, found.length, opaque.length)}\n`);
  }
  return found.length === 0 ? EXIT.holds : EXIT.findings;
}

/** Where people find it in the file; several files keep their own order. */
function startOf(finding: RuleFinding): number {
  return spanOf(finding)?.start ?? 0;
}

function summary({ stdout: { colors } }: Console, rules: number, findings: number, opaque: number): string {
  const unclear = opaque === 0 ? '' : `, ${opaque} not understood`;
  const of = `${rules.toLocaleString('en')} ${rules === 1 ? 'rule' : 'rules'}${unclear}`;
  if (findings === 0) return `${colors.green('sound')}: ${of}, none without effect`;
  return `${colors.yellow(`${findings} ${findings === 1 ? 'finding' : 'findings'}`)}: ${of}`;
}
