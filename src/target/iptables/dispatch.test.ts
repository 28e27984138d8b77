import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyProcess, flow, intent, machines, tcp, udp } from '../../../test/contract/intents.ts';
import type { Intent } from '../../ir/index.ts';
import { iptablesTarget } from './index.ts';

/** The rules that the unluckiest packet meets in a chain and those that it leads on to. */
function longestWay(policy: Intent, start: string): number {
  const chains = new Map(iptablesTarget.lower(policy).ast.tables[0]?.chains.map((chain) => [chain.name, chain.rules]));
  const from = (name: string): number => {
    const rules = chains.get(name) ?? [];
    const next = rules.flatMap(({ target }) => (target?.kind === 'goto' ? [target.name] : []));
    return rules.length + Math.max(0, ...next.map(from));
  };
  return from(start);
}

function address(at: number): string {
  return `10.${at >> 8}.${at & 255}.7`;
}

const SHAPES: readonly (readonly [title: string, longest: number, of: (at: number) => ReturnType<typeof flow>])[] = [
  ['to addresses', 64, (at) => flow(`f${at}`, everyProcess, machines(address(at)), tcp(443 + (at % 3)))],
  ['to ports', 64, (at) => flow(`f${at}`, everyProcess, machines('192.0.2.1'), tcp(at + 1))],
  ['from addresses', 64, (at) => flow(`f${at}`, machines(address(at)), machines('192.0.2.1'), udp(53))],
  ['wide ones among narrow', 96, (at) => flow(`f${at}`, everyProcess, machines(at % 400 === 0 ? '10.0.0.0/9' : address(at)), tcp(443, 443 + (at % 5)))],
]; // biome-ignore format: one shape a line

for (const [title, longest, of] of SHAPES) {
  test(`of four thousand flows ${title} a packet meets at most ${longest} rules`, () => {
    const policy = intent(Array.from({ length: 4_000 }, (_, at) => of(at)));
    const way = longestWay(policy, title === 'from addresses' ? 'PC-forward' : 'PC-output');
    assert.ok(way <= longest && way > 16, String(way));
  });
}

test('a few flows are asked one after the other', () => {
  const policy = intent(
    Array.from({ length: 16 }, (_, at) => flow(`f${at}`, everyProcess, machines(address(at)), tcp(443))),
  );
  assert.ok(!iptablesTarget.print(iptablesTarget.lower(policy).ast).some(({ text }) => text.includes('PC-output-n')));
});
