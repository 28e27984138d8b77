import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Intent } from '../../src/ir/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { TARGET_NAMES, type Target, withTarget } from '../../src/target/index.ts';
import { renderProven, verifyTarget } from '../../src/verify/index.ts';
import {
  AGENT_HOST,
  CONTAINERS,
  EVERYTHING,
  flow,
  GATEWAY,
  intent,
  machines,
  NOTHING,
  ROUTER,
  tcp,
} from './intents.ts';

/** What every target promises, whatever firewall it writes for. */
const POLICIES: readonly (readonly [string, Intent])[] = [
  ['nothing at all', NOTHING],
  ['a router', ROUTER],
  ['containers', CONTAINERS],
  ['a small agent host', AGENT_HOST],
  ['everything that a policy can say', EVERYTHING],
  ['names by way of a gateway', GATEWAY],
  ['a thousand flows', thousandFlows()],
];

for (const name of TARGET_NAMES) withTarget(name, (target) => contract(name, target));

function contract<Ast>(name: string, target: Target<Ast>): void {
  describe(`the target ${name}`, () => {
    test('is registered under its own name', () => assert.equal(target.name, name));

    for (const [title, policy] of POLICIES) {
      test(`${title}: what is written is proven`, () => {
        const { artifacts, proof } = renderProven(target, policy);
        // Where nobody follows containers, it is said so.
        const said = proof.diagnostics.filter(({ code }) => policy !== CONTAINERS || code !== 'N0326');
        assert.deepEqual([proof.unexplained, proof.opaque, said], [[], [], []]);
        assert.ok(proof.holds && artifacts !== undefined && artifacts.length > 0);
        for (const artifact of artifacts) {
          assert.match(artifact.name, /^(?!\/)(?!.*\.\.)[\w./-]+$/);
          assert.ok(artifact.text.endsWith('\n'));
        }
      });

      test(`${title}: the same policy is the same text`, () => {
        const once = target.print(target.lower(policy).ast);
        const again = target.print(target.lower(policy).ast);
        assert.deepEqual(again, once);
      });

      test(`${title}: every rule that decides knows the flow it stands for`, () => {
        const files = target.print(target.lower(policy).ast).map(({ name: file, text }) => new SourceFile(file, text));
        const { ast } = target.parse(files);
        assert.ok(ast !== undefined);
        const known = new Set([
          ...policy.grants.map((grant) => grant.name),
          ...policy.baseline.map((piece) => `baseline:${piece.name}`),
          ...(policy.redirects ?? []).map((redirect) => redirect.name),
        ]);
        for (const table of target.lift(ast).ruleset.tables) {
          for (const chain of table.chains) {
            // A chain that only logs and returns gives no verdict: who returns from it early is not thereby let through.
            const decides = chain.rules.some(({ action: { kind } }) => kind !== 'return' && kind !== 'continue');
            for (const { action, origin } of chain.rules) {
              if (origin.text === 'only the first packet of a connection comes here') continue; // no rule: a chain of type nat
              assert.ok(origin.span !== undefined && origin.text !== undefined);
              const allows =
                (action.kind === 'verdict' && action.verdict === 'accept') || (action.kind === 'return' && decides);
              if (allows) assert.ok(known.has(origin.flow ?? ''), origin.text);
              if (action.kind !== 'dispatch') continue;
              for (const each of action.cases) {
                if (each.action.kind === 'verdict') assert.ok(known.has(each.origin?.flow ?? ''), each.origin?.text);
              }
            }
          }
        }
      });
    }

    test('a policy that says more is proven against no smaller one', () => {
      const { artifacts } = renderProven(target, AGENT_HOST);
      const smaller = intent(AGENT_HOST.grants.slice(1));
      const proof = verifyTarget(target, smaller, artifacts);
      assert.equal(proof.holds, false);
      const [difference] = proof.unexplained;
      assert.equal(difference?.effect, 'wider');
      assert.equal(difference.witness.dport, 22);
      assert.equal(difference.policyPath.at(-1)?.outcome, 'drop');
      // What returns a packet to a chain of others is followed by that chain's policy, which is no rule.
      assert.equal(difference.emittedPath.findLast(({ rule }) => rule !== undefined)?.origin?.flow, 'ssh-from-bastion');
      assert.deepEqual(
        proof.diagnostics.map((each) => each.code),
        ['V0101'],
      );
    });

    test('a text that is not its own is refused, not skipped', () => {
      const proof = verifyTarget(target, AGENT_HOST, [{ name: 'else', text: 'something else entirely\n' }]);
      assert.equal(proof.holds, false);
      assert.ok(proof.diagnostics.some((each) => each.code === 'V0102'));
    });
  });
}

function thousandFlows(): Intent {
  const address = (at: number): string => `10.${at >> 8}.${at & 255}.7`;
  return intent(
    Array.from({ length: 1_000 }, (_, at) =>
      flow(`flow-${at}`, { kind: 'local' }, machines(address(at), `2001:db8::${at.toString(16)}`), tcp(443 + (at % 3))),
    ),
  );
}
