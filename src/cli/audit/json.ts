import {
  type Finding,
  type Fix,
  type Place,
  placeOf,
  SEVERITIES,
  type Severity,
  type Suppressed,
} from '../../analysis/index.ts';
import { witnessOf } from './witness.ts';

/** schema/audit.json */
export interface AuditJson {
  readonly ok: boolean; // nothing at or above the limit of `--fail-on`
  readonly findings: readonly FindingJson[];
  readonly suppressed: readonly (FindingJson & { readonly suppression: SuppressionJson })[];
  readonly counts: Readonly<Record<Severity, number>>; // of findings that are not suppressed
}

export interface FindingJson {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly help: string;
  readonly subject: string;
  readonly origin: Place | null;
  readonly origins: readonly OriginJson[];
  readonly witness: string | null; // a flow expression
  readonly verdict?: string; // what becomes of it
  readonly conditions?: readonly string[];
  readonly controls: readonly string[];
  readonly fix?: Fix;
}

interface OriginJson {
  readonly text: string | null;
  readonly origin: Place | null;
  readonly handle?: number;
}

interface SuppressionJson {
  readonly reason: string;
  readonly until: string;
}

function findingJson(found: Finding): FindingJson {
  const { code, severity, message, help, subject, origins, conditions, controls, fix } = found;
  const witness = witnessOf(found);
  return {
    code,
    severity,
    message,
    help,
    subject,
    origin: origins.map(placeOf).find((place) => place !== null) ?? null,
    origins: origins.map((origin) => ({
      text: origin.text ?? origin.flow ?? null,
      origin: placeOf(origin),
      ...(origin.handle === undefined ? {} : { handle: origin.handle }),
    })),
    witness: witness?.text ?? null,
    ...(witness === undefined ? {} : { verdict: witness.verdict }),
    ...(conditions.length === 0 ? {} : { conditions }),
    controls,
    ...(fix === undefined ? {} : { fix }),
  };
}

export function auditJson(ok: boolean, findings: readonly Finding[], suppressed: readonly Suppressed[]): AuditJson {
  return {
    ok,
    findings: findings.map(findingJson),
    suppressed: suppressed.map(({ finding, by: { reason, until } }) => ({
      ...findingJson(finding),
      suppression: { reason, until },
    })),
    counts: countsOf(findings),
  };
}

function countsOf(findings: readonly Finding[]): Readonly<Record<Severity, number>> {
  const count = (severity: Severity): number => findings.filter((each) => each.severity === severity).length;
  return {
    critical: count('critical'),
    high: count('high'),
    medium: count('medium'),
    low: count('low'),
    info: count('info'),
  };
}

/** The severities that there is something of, the worst first: `1 critical, 3 low`. */
export function countsText(findings: readonly Finding[]): string {
  const counts = countsOf(findings);
  return SEVERITIES.filter((severity) => counts[severity] > 0)
    .map((severity) => `${counts[severity]} ${severity}`)
    .join(', ');
}
