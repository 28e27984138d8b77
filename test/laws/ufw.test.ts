import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { SourceFile } from '../../src/source/index.ts';
import { ufwTarget } from '../../src/target/ufw/index.ts';
import { verifyTarget } from '../../src/verify/index.ts';
import { intentArbitrary } from './nftables-intents.ts';

describe('the ufw target', () => {
  it('writes what every policy means, but for what it declares', () => {
    fc.assert(
      fc.property(intentArbitrary, (intent) => {
        const proof = verifyTarget(ufwTarget, intent);
        const errors = proof.diagnostics.filter((each) => each.severity === 'error');
        assert.deepEqual([errors, proof.unexplained, proof.opaque], [[], [], []]);
        assert.ok(proof.holds);
      }),
      { numRuns: 100 },
    );
  });

  it('leads to the same by its commands alone as by its files alone', () => {
    fc.assert(
      fc.property(intentArbitrary, (intent) => {
        const files = ufwTarget.print(ufwTarget.lower(intent).ast).map(({ name, text }) => new SourceFile(name, text));
        const frameworks = files.filter(({ name }) => /\/(?:before|after)6?\.rules$/.test(name));
        const commands = ufwTarget.parse([...frameworks, ...files.filter(({ name }) => name === 'ufw-commands.sh')]);
        const alone = ufwTarget.parse(files.filter(({ name }) => name !== 'ufw-commands.sh'));
        assert.ok(commands.ast !== undefined && alone.ast !== undefined, JSON.stringify(commands.diagnostics));
        assert.deepEqual(alone.diagnostics, []);
        const rules = commands.ast.rules.map(({ span: _, ...rule }) => rule);
        assert.deepEqual(
          rules,
          alone.ast.rules.map(({ span: _, ...rule }) => rule),
        );
        assert.deepEqual(commands.ast.settings, alone.ast.settings);
      }),
      { numRuns: 100 },
    );
  });
});
