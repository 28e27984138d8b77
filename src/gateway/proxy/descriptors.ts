import { readFileSync } from 'node:fs';

const KEPT_BACK = 40; // for Node itself (some twenty), listeners, lookups, the journal
const PER_CONNECTION = 2; // the client's, and that to its destination
const UNKNOWN = 1_024; // what systems have long set where nobody has said otherwise (systemd.exec(5), LimitNOFILE)

/**
 * As many connections as there are descriptors for (proc_pid_limits(5)): each that is accepted must be able to go on to its destination, or
 * all would be accepted and none served.
 */
export function connectionsThatFit(): number {
  return Math.max(1, Math.floor((descriptors() - KEPT_BACK) / PER_CONNECTION));
}

function descriptors(): number {
  try {
    const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? UNKNOWN : limit === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(limit);
  } catch {
    return UNKNOWN; // no /proc
  }
}
