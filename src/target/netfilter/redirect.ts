import { address, all, atHook, everything, field, type Match, not, type Redirect } from '../../ir/index.ts';
import type { Endpoint } from '../../net/index.ts';

type Sender = Redirect['from'][number];

/** The packets of one sender that a redirect sends to one of its targets, but for the cgroup and the place in the connection. */
export function redirectPackets(
  { protocols, ports, except }: Redirect,
  { accounts }: Sender,
  { address: { family } }: Endpoint,
): Match {
  const spared = except.filter((each) => each.family === family);
  return all(
    atHook('output'),
    field('family', family),
    accounts === undefined ? everything : field('srcAccount', ...accounts),
    field('protocol', ...protocols),
    field('dport', ...ports),
    spared.length === 0 ? everything : not(address('dst', ...spared)),
  );
}
