import type { Family } from '../../net/index.ts';
import { type Direction, type End, isSeveral, type UfwRule } from './rule.ts';

/** Behind a rule's name: ufw's chains of IPv6 begin otherwise. */
export function chainPrefix(family: Family): string {
  return family === 4 ? 'ufw' : 'ufw6';
}

const SUFFIX: Readonly<Record<Direction, string>> = { in: 'input', out: 'output', routed: 'forward' };

/** Of what is logged, so much is written down. */
export const LOG_LIMIT = '-m limit --limit 3/min --limit-burst 10';

const LOGGED_AS: Readonly<Record<UfwRule['action'], string>> = {
  allow: 'ALLOW',
  deny: 'BLOCK',
  reject: 'BLOCK',
  limit: 'LIMIT',
};

/** The rules of iptables that ufw 0.36 makes of one of its own, as they stand in `user.rules` (ufw-framework(8)). */
export function expandRule(rule: UfwRule): string[] {
  const prefix = chainPrefix(rule.family);
  const suffix = SUFFIX[rule.direction];
  const chain = `-A ${prefix}-user-${suffix}`;
  const logging = `-A ${prefix}-user-logging-${suffix}`;
  return conditions(rule).flatMap(([condition, protocol]) => [
    ...logLines(rule, condition).map((line) => `${logging} ${line}`),
    ...(rule.log === undefined ? [] : [joined(chain, condition, `-j ${prefix}-user-logging-${suffix}`)]),
    ...actionLines(rule, protocol).map((line) => joined(chain, condition, line)),
  ]);

  function logLines({ log, action }: UfwRule, condition: string): string[] {
    if (log === undefined) return [];
    const state = log === 'log-all' ? '' : '-m conntrack --ctstate NEW';
    const write = `${LOG_LIMIT} -j LOG --log-prefix "[UFW ${LOGGED_AS[action]}] "`;
    return [joined(condition, state, write), joined(condition, '-j RETURN')];
  }

  function actionLines({ action }: UfwRule, protocol: string): string[] {
    switch (action) {
      case 'allow':
        return ['-j ACCEPT'];
      case 'deny':
        return ['-j DROP'];
      case 'reject':
        return [protocol === 'tcp' ? '-j REJECT --reject-with tcp-reset' : '-j REJECT'];
      case 'limit':
        return [
          '-m conntrack --ctstate NEW -m recent --set',
          `-m conntrack --ctstate NEW -m recent --update --seconds 30 --hitcount 6 -j ${prefix}-user-limit`,
          `-j ${prefix}-user-limit-accept`,
        ];
    }
  }
}

/** What the rule asks of packets; ports without a protocol are those of TCP and of UDP. */
function conditions(rule: UfwRule): (readonly [condition: string, protocol: string])[] {
  const { protocol, from, to, inInterface, outInterface } = rule;
  const hasPorts = from.ports !== 'any' || to.ports !== 'any';
  const protocols = protocol === 'any' ? (hasPorts ? ['tcp', 'udp'] : ['']) : [protocol];
  const several = isSeveral(from.ports) || isSeveral(to.ports);
  const ports = (option: string, text: string): string =>
    text === 'any' ? '' : several ? `-m multiport --${option}s ${text}` : `--${option} ${text}`;
  return protocols.map((each) => [
    joined(
      inInterface === undefined ? '' : `-i ${inInterface}`,
      outInterface === undefined ? '' : `-o ${outInterface}`,
      each === '' ? '' : `-p ${each}`,
      ...[to, from].map(unknownPorts),
      several ? joined(ports('dport', to.ports), ports('sport', from.ports)) : '',
      to.address === 'any' ? '' : `-d ${to.address}`,
      several ? '' : ports('dport', to.ports),
      from.address === 'any' ? '' : `-s ${from.address}`,
      several ? '' : ports('sport', from.ports),
    ),
    each,
  ]);
}

/** A profile whose ports nobody has told: a match that no reader knows, so that it may match or not. */
function unknownPorts({ app, ports }: End): string {
  return app === undefined || ports !== 'any' ? '' : `-m ufw-profile --name "${app.replaceAll(/["\\]/g, '')}"`;
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}
