import assert from 'node:assert/strict';
import type { Lab, Sender, Shot } from '../../src/host/index.ts';

export const AGENT = 1000; // the only local account, so that an ordinary user can play it too
export const LOCAL: Sender = { at: 'host', account: AGENT };
export const OUTER: Sender = { at: 'outer', link: 'eth0' };

/** One try, to port 443 unless said otherwise. */
export function shot(transport: Shot['transport'], packet: Partial<Shot> & Pick<Shot, 'dst'>): Shot {
  return { transport, ...(transport === 'icmp' ? {} : { dport: 443 }), timeoutMs: 800, attempts: 1, ...packet };
}

/** What the agent sends there is refused, and at once: TCP and UDP. */
export async function assertRefusedAtOnce(lab: Lab, destinations: readonly string[]): Promise<void> {
  const denied = destinations.flatMap((dst) =>
    (['tcp', 'udp'] as const).map((transport) => shot(transport, { dst, timeoutMs: 5_000 })),
  );
  for (const outcome of await lab.send(LOCAL, 'eth0', denied)) {
    assert.equal(outcome.result, 'refused', JSON.stringify(outcome));
    assert.ok(outcome.afterMs < 1_000, `refused only after ${outcome.afterMs} ms`);
  }
}
