import type { Match, Redirect } from '../../ir/index.ts';
import type { Endpoint } from '../../net/index.ts';
import { redirectPackets } from '../netfilter/redirect.ts';
import type { BaseChainSpec, Rule, Statement } from './ast.ts';
import * as build from './build.ts';
import { inCgroup } from './lane.ts';

/** The base chain that sends first packets elsewhere; it is there only where some are to be sent. */
export const REDIRECTS = 'redirects';

/**
 * Where the kernel translates destinations (NF_IP_PRI_NAT_DST, include/uapi/linux/netfilter_ipv4.h): after connection tracking, before
 * all that filters at output. Only first packets of connections come here.
 */
export function redirectBase(): BaseChainSpec {
  return { type: 'nat', hook: 'output', priority: -100, policy: 'accept' };
}

/** `dnat` to a constant and not `redirect`, whose address only the routing table knows. */
export function redirectRules(redirect: Redirect, lower: (match: Match) => Statement[][]): Rule[] {
  return redirect.to.flatMap((target) =>
    redirect.from.flatMap((sender) => {
      const within = sender.cgroup === undefined ? [] : [inCgroup(sender.cgroup)];
      return lower(redirectPackets(redirect, sender, target)).map((conditions) =>
        build.rule([...within, ...conditions, translateTo(target)], redirect.name),
      );
    }),
  );
}

function translateTo({ address, port }: Endpoint): Statement {
  return {
    kind: 'nat',
    type: 'dnat',
    family: build.familyWord(address.family),
    address: { kind: 'address', address },
    port: build.number(port),
    flags: [],
  };
}
