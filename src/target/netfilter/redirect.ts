import {
  address,
  all,
  any,
  atHook,
  everything,
  field,
  type Intent,
  type Match,
  not,
  type Redirect,
  symbol,
} from '../../ir/index.ts';
import type { Endpoint } from '../../net/index.ts';
import type { Approximation } from '../target.ts';

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

/**
 * What it means that a firewall sends nothing elsewhere: programs that know of the proxy and the resolver reach them, others are refused,
 * or where flows lead to what they ask for, go there themselves.
 */
export function unwrittenRedirects({ redirects = [] }: Intent): Approximation[] {
  return redirects.flatMap((redirect): Approximation[] => {
    const { name, ports, origin } = redirect;
    const packets = any(
      ...redirect.to.flatMap((target) =>
        redirect.from.map((sender) => all(redirectPackets(redirect, sender, target), within(sender))),
      ),
    );
    const what = `what goes to ${ports.length === 1 ? 'port' : 'ports'} ${ports.join(', ')}`;
    const of = { packets, origin: { ...origin, flow: name } };
    return [
      {
        ...{ effect: 'narrower', ...of },
        sentence: `${what} is refused and not sent on to \`${name}\`, unless the program itself asks there`,
        help: 'tell programs of the proxy and the resolver (`portcullis render openclaw`), or render nftables, which sends on what knows of neither',
      },
      {
        ...{ effect: 'elsewhere', ...of },
        sentence: `${what} and is let through goes there itself, and not to \`${name}\``,
        help: 'render nftables, or leave out the flows that lead there',
      },
    ];
  });
}

function within({ cgroup }: Sender): Match {
  return cgroup === undefined ? everything : symbol({ kind: 'cgroup', path: cgroup });
}
