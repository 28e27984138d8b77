import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { Peer, Service } from '../../src/ir/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { nftablesTarget } from '../../src/target/nftables/index.ts';
import { verifyTarget } from '../../src/verify/index.ts';
import { intentArbitrary } from './nftables-intents.ts';

describe('the nftables target', () => {
  it('writes what every policy means, but for what it declares', () => {
    fc.assert(
      fc.property(intentArbitrary, (intent) => {
        const proof = verifyTarget(nftablesTarget, intent);
        const errors = proof.diagnostics.filter((each) => each.severity === 'error');
        assert.deepEqual([errors, proof.unexplained, proof.opaque], [[], [], []]);
        assert.ok(proof.holds);
      }),
      { numRuns: 300 },
    );
  });

  it('declares nothing where nothing is asked that the kernel cannot see', () => {
    const plain = intentArbitrary.map((intent) => ({
      ...intent,
      grants: intent.grants.map((each) => ({
        ...each,
        to: each.to.flatMap((peer): Peer[] =>
          peer.kind === 'named' ? [] : peer.kind === 'local' ? [{ kind: 'local' }] : [peer],
        ),
        services: each.services.map((service): Service => ({ ...service, family: service.protocol === 58 ? 6 : 4 })),
      })),
    }));
    fc.assert(
      fc.property(plain, (intent) => assert.deepEqual(verifyTarget(nftablesTarget, intent).approximations, [])),
      { numRuns: 100 },
    );
  });

  it('reads its own print as the very same syntax tree, printed again', () => {
    fc.assert(
      fc.property(intentArbitrary, (intent) => {
        const [artifact] = nftablesTarget.print(nftablesTarget.lower(intent).ast);
        const { ast } = nftablesTarget.parse([new SourceFile(artifact!.name, artifact!.text)]);
        assert.equal(nftablesTarget.print(ast!)[0]!.text, artifact!.text);
      }),
      { numRuns: 100 },
    );
  });
});
