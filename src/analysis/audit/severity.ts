/** From the worst to what is only worth knowing. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Negative where the first is worse. */
export function compareSeverities(a: Severity, b: Severity): number {
  return SEVERITIES.indexOf(a) - SEVERITIES.indexOf(b);
}

/** The worst first, then by code. */
export function compareFindings(a: Ranked, b: Ranked): number {
  return compareSeverities(a.severity, b.severity) || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0);
}

interface Ranked {
  readonly severity: Severity;
  readonly code: string;
}

export function isAtLeast(severity: Severity, limit: Severity): boolean {
  return compareSeverities(severity, limit) <= 0;
}
