import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { SourceFile } from '../../src/source/index.ts';
import { iptablesIpsetTarget, iptablesTarget } from '../../src/target/iptables/index.ts';
import { verifyTarget } from '../../src/verify/index.ts';
import { intentArbitrary } from './nftables-intents.ts';

for (const target of [iptablesTarget, iptablesIpsetTarget]) {
  describe(`the ${target.name} target`, () => {
    it('writes what every policy means, but for what it declares', () => {
      fc.assert(
        fc.property(intentArbitrary, (intent) => {
          const proof = verifyTarget(target, intent);
          const errors = proof.diagnostics.filter((each) => each.severity === 'error');
          assert.deepEqual([errors, proof.unexplained, proof.opaque], [[], [], []]);
          assert.ok(proof.holds);
        }),
        { numRuns: 200 },
      );
    });

    it('reads its own print as the very same syntax tree, printed again', () => {
      fc.assert(
        fc.property(intentArbitrary, (intent) => {
          const files = target.print(target.lower(intent).ast);
          const { ast, diagnostics } = target.parse(files.map(({ name, text }) => new SourceFile(name, text)));
          assert.deepEqual(diagnostics, []);
          assert.deepEqual(target.print(ast!), files);
        }),
        { numRuns: 100 },
      );
    });
  });
}
