import { dockerFindings } from './docker.ts';
import type { Finding } from './finding.ts';
import { forwardingFindings } from './forwarding.ts';
import { hostFindings } from './host.ts';
import { hygieneFindings } from './hygiene.ts';
import { idleStates } from './idle-states.ts';
import { inboundFindings } from './inbound.ts';
import { outboundFindings } from './outbound.ts';
import { parityFindings } from './parity.ts';
import { policyFlowFindings } from './policy-flows.ts';
import { ruleFindingsOf } from './rules.ts';
import { compareFindings } from './severity.ts';
import type { AuditSubject } from './subject.ts';
import { AuditView } from './view.ts';

/** Each looks at what passes, whatever rules make it so. */
const CHECKS = {
  inbound: inboundFindings,
  outbound: outboundFindings,
  parity: parityFindings,
  hygiene: hygieneFindings,
  forwarding: forwardingFindings,
  rules: ruleFindingsOf,
  idleStates,
  policyFlows: policyFlowFindings,
  host: hostFindings,
  docker: dockerFindings,
} as const satisfies Readonly<Record<string, (view: AuditView) => Finding[]>>;

/** All that there is to say, the worst first. */
export function audit(subject: AuditSubject): Finding[] {
  const view = new AuditView(subject);
  return Object.values(CHECKS)
    .flatMap((check) => check(view))
    .sort(compareFindings);
}
