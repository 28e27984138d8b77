import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DiagnosticKind, hasErrors } from '../diagnostic/index.ts';
import { Reporter } from './reporter.ts';

const REMARK: DiagnosticKind<[]> = { code: 'X1', severity: 'info', message: () => 'a remark', explanation: '' };
const FAULT: DiagnosticKind<[]> = { code: 'X2', severity: 'error', message: () => 'a fault', explanation: '' };

function collected(remarks: number, faults: number) {
  const report = new Reporter();
  for (let count = 0; count < remarks; count++) report.say(REMARK, undefined);
  for (let count = 0; count < faults; count++) report.say(FAULT, undefined);
  return report;
}

describe('what a reporter keeps', () => {
  test('many remarks are cut short and do not become an error', () => {
    const diagnostics = collected(10_000, 0).diagnostics();
    assert.equal(diagnostics.length, 1_001);
    assert.equal(diagnostics.at(-1)?.message, '9000 more remarks are not shown');
    assert.equal(hasErrors(diagnostics), false);
  });

  test('many remarks do not hide an error', () => {
    const diagnostics = collected(10_000, 1).diagnostics();
    assert.equal(diagnostics.filter(({ code }) => code === 'X2').length, 1);
  });

  test('many faults are cut short, and counted', () => {
    const report = collected(0, 1_500);
    assert.equal(report.diagnostics().at(-1)?.message, '500 more problems are not shown');
    assert.equal(report.count, 1_500);
  });
});
