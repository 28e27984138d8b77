import type { Grant } from '../../ir/index.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import { POLICY } from './kinds-policy.ts';
import type { AuditView } from './view.ts';

const SOON_DAYS = 30;

/** What is wrong with the flows of a policy as a document. */
export function policyFlowFindings({ subject: { policy, today } }: AuditView): Finding[] {
  return (policy?.grants ?? []).flatMap((grant) => [...expiry(grant, today), ...undocumented(grant)]);
}

function expiry({ name, expires, origin }: Grant, today: string): Finding[] {
  if (expires === undefined) return [];
  const days = Math.round((Date.parse(`${expires}T00:00:00Z`) - Date.parse(`${today}T00:00:00Z`)) / 86_400_000);
  if (days > SOON_DAYS) return [];
  const kind = days < 0 ? POLICY.expired : POLICY.expiresSoon;
  return [finding(kind, { subject: name, origins: [origin] }, name, expires)];
}

function undocumented({ name, purpose, origin }: Grant): Finding[] {
  if (purpose !== undefined) return [];
  const fix = { language: 'policy' as const, remove: [], add: [`purpose: why ${name} must be possible`] };
  return [finding(POLICY.undocumented, { subject: name, origins: [origin], fix }, name)];
}
