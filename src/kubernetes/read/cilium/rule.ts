import type { PolicyRule } from '../../policy.ts';
import { joined } from '../conditional.ts';
import type { Part } from '../part.ts';
import type { RuleContext } from './facts.ts';
import { peerFields, readPeers, shutOut } from './peers.ts';
import { readPorts } from './ports.ts';
import { CILIUM_PROBLEMS } from './problems.ts';

/**
 * One entry of `ingress`, `egress`, `ingressDeny` or `egressDeny`. One that says neither who nor which ports matches nothing: it only makes the
 * policy isolate its subjects. One that says only ports means everybody; an entry of `toPorts` without ports matches nothing
 * (pkg/policy, `mergeIngress`).
 */
export function readRule(part: Part, context: RuleContext, isolates: boolean): PolicyRule[] {
  const { direction, action } = context;
  const requires = direction === 'ingress' ? 'fromRequires' : 'toRequires';
  part.only([...peerFields(context), requires, 'toPorts', 'icmps', ...(action === 'allow' ? ['authentication'] : [])]);
  const ports = readPorts(part, context);
  const peers = readPeers(part, context);
  const authentication = readAuthentication(part.at('authentication'));
  const required = part
    .at(requires)
    .items()
    .map((item) => shutOut(item, context));
  if (required.length > 0) {
    part.report.say(CILIUM_PROBLEMS.requirement, part.at(requires).span, part.at(requires).path);
  }
  const rules: PolicyRule[] = required.map((each) => ({ action: 'deny', ports: 'any', span: part.span, ...each }));
  if (ports === undefined && peers === undefined) return rules;
  for (const each of peers ?? [{ peers: [{ kind: 'everybody' } as const] }]) {
    for (const which of ports ?? [{ ports: 'any' as const }]) {
      if (each.peers.length === 0 || which.ports.length === 0) continue;
      const rule = { peers: each.peers, ports: which.ports, span: part.span };
      const condition = joined([each.condition, which.condition, authentication]);
      rules.push({ action, ...rule, ...condition });
      // Requests that no rule lets through are refused even where connections are not (docs.cilium.io, `EnableDefaultDeny`).
      if (which.condition !== undefined && !isolates && action === 'allow') {
        rules.push({ action: 'deny', ...rule, condition: `other than ${which.condition}` });
      }
    }
  }
  return rules;
}

function readAuthentication(part: Part): string | undefined {
  part.only(['mode']);
  const at = part.at('mode');
  const mode = at.text();
  switch (mode) {
    case undefined:
      return part.exists ? part.missing('mode') : undefined;
    case 'disabled':
      return undefined;
    case 'required':
    case 'test-always-fail':
      return 'mutually authenticated connections only';
    default:
      return part.report.say(CILIUM_PROBLEMS.badValue, at.span, at.path, mode, 'required or disabled');
  }
}
