import type { Span } from '../source/index.ts';
import { type AccountReference, type InterfaceReference, RATE_UNITS, type RateLimit } from './policy-file.ts';
import { POLICY_PROBLEMS } from './problems.ts';
import type { Reporter } from './reporter.ts';

/** Names of zones, services and catalogue entries: without dots and colons, so that they are never taken for hosts or addresses. */
export const LABEL = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

/** Names of flows and policies; 63 characters fit every log prefix and comment that a kernel keeps. */
export const FLOW_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** `6/minute`, `6/minute per source`. */
export function parseRate(text: string, span: Span, report: Reporter): RateLimit | undefined {
  const found = /^([0-9]{1,10})\s*\/\s*([A-Za-z]+)(\s+per\s+source)?$/.exec(text.trim());
  if (found === null) return report.say(POLICY_PROBLEMS.badRate, span, text, undefined);
  const per = RATE_UNITS.find((unit) => unit === found[2]);
  if (per === undefined) {
    return report.say(POLICY_PROBLEMS.badRate, span, text, unitOf(found[2]!) ?? report.suggest(found[2]!, RATE_UNITS));
  }
  const count = Number(found[1]);
  if (count < 1 || count > 0xffff_ffff) return report.say(POLICY_PROBLEMS.badRate, span, text, undefined);
  return { count, per, perSource: found[3] !== undefined };
}

function unitOf(abbreviation: string): string | undefined {
  return RATE_UNITS.find((unit) => unit.startsWith(abbreviation.toLowerCase()));
}

/** A date of the Gregorian calendar that exists, `2027-03-31` (RFC 3339 full-date). */
export function parseDate(text: string, span: Span, report: Reporter): string | undefined {
  const time = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // Date.parse takes the 30th of February for the 2nd of March.
  const exists = !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
  return exists ? text : report.say(POLICY_PROBLEMS.badDate, span, text);
}

const ACCOUNT_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?$/; // useradd(8), capitals as Debian allows them
const HIGHEST_UID = 0xffff_fffe; // 2^32 - 1 means "no uid" to the kernel

/** `openclaw`, `998`, `1000-1999`. */
export function parseAccount(text: string, span: Span, report: Reporter): AccountReference | undefined {
  const uids = /^([0-9]{1,10})(?:-([0-9]{1,10}))?$/.exec(text);
  if (uids !== null) {
    const first = Number(uids[1]);
    const last = uids[2] === undefined ? first : Number(uids[2]);
    if (first <= last && last <= HIGHEST_UID) return { kind: 'uids', first, last };
  } else if (ACCOUNT_NAME.test(text)) {
    return { kind: 'name', name: text };
  }
  return report.say(POLICY_PROBLEMS.badAccount, span, text);
}

/** `eth0`, or `br-*` for every name that begins so; 15 bytes without slash or space (dev_valid_name, net/core/dev.c). */
export function parseInterface(text: string, span: Span, report: Reporter): InterfaceReference | undefined {
  const wildcard = text.endsWith('*');
  const name = wildcard ? text.slice(0, -1) : text;
  if (!/^[!-~]{1,15}$/.test(name) || /[/:*"\\]/.test(name) || name === '.' || name === '..') {
    return report.say(POLICY_PROBLEMS.badInterface, span, text);
  }
  return { name, wildcard };
}

/** A cgroup v2 path below the root, with or without its leading slash: `system.slice/openclaw.service`. */
export function parseCgroup(text: string, span: Span, report: Reporter): string | undefined {
  const path = text.replace(/^\/+|\/+$/g, '').replace(/^sys\/fs\/cgroup\//, '');
  const parts = path.split('/');
  const wellFormed =
    path.length <= 255 && parts.every((part) => /^[A-Za-z0-9@:._\\-]+$/.test(part) && !/^\.\.?$/.test(part));
  return wellFormed ? path : report.say(POLICY_PROBLEMS.badCgroup, span, text);
}
