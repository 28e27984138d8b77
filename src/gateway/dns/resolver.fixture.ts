import { after, before, beforeEach } from 'node:test';
import { formatAddress } from '../../net/index.ts';
import type { Answer } from './answer.ts';
import { TYPE } from './record-type.ts';
import { RESOLVER_LIMITS, Resolver, type ResolverSettings } from './resolver.ts';
import { addresses, type Says, StandIn } from './stand-in.fixture.ts';
import { name } from './world.fixture.ts';

/** Resolvers, and one stand-in for the world that they ask, for the tests of one file. */
export let upstream: StandIn;
export const clock = { now: 0 }; // milliseconds, as resolvers take it
const open: Resolver[] = [];

before(async () => {
  upstream = await StandIn.start(addresses('93.184.216.34'));
});
beforeEach(() => {
  upstream.asked.length = 0;
  upstream.names.length = 0;
  upstream.ports.length = 0;
});
after(() => {
  for (const each of open) each.close();
  upstream.close();
});

export function resolver(settings: Partial<ResolverSettings> = {}): Resolver {
  const made = new Resolver({
    upstreams: [upstream.upstream()],
    splits: [],
    local: new Map(),
    limits: { ...RESOLVER_LIMITS, tryMs: 4_000, totalMs: 10_000 }, // machines are slow at times
    now: () => clock.now,
    ...settings,
  });
  open.push(made);
  return made;
}

/** What a resolver finds, as text; the stand-in says `says` meanwhile. */
export async function found(
  says: Says,
  host = 'api.example',
  type: number = TYPE.A,
  made = resolver(),
): Promise<string> {
  upstream.says = says;
  return shown(await made.lookUp({ name: name(host), type }));
}

export function shown(answer: Answer): string {
  if (answer.kind === 'failed') return answer.why;
  const records = answer.records.map((each) =>
    each.address === undefined ? `${each.type}` : formatAddress(each.address),
  );
  return `${answer.hasName ? '' : 'no name '}${records.join(' ')} for ${(answer.until - answer.from) / 1_000}`;
}
