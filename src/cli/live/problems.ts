import type { DiagnosticKind } from '../../diagnostic/index.ts';

/** What there is to say about the machine that commands run on. */
export const LIVE_PROBLEMS = {
  unreadListing: {
    code: 'L0002',
    severity: 'error',
    message: (reason: string) => `what \`nft\` lists on this machine could not be read: ${reason}`,
    help: () => 'this is a fault of Portcullis: please report it with the output of `sudo nft -j list ruleset`',
    explanation:
      'The listing of the kernel’s rules is not in a form that the reader knows, so nothing can be said of them.',
  } satisfies DiagnosticKind<[reason: string]>,
  limit: {
    code: 'L0003',
    severity: 'warning',
    message: (limit: string) => `not looked at: ${limit}`,
    help: () => 'what is said of live connections and sessions may be incomplete',
    explanation: 'A part of the machine could not be read, so it is left out of what is told.',
  } satisfies DiagnosticKind<[limit: string]>,
  unreadSession: {
    code: 'L0005',
    severity: 'error',
    message: (session: string) => `the session \`${session}\` has no address that could be read`,
    help: () => 'this is a fault of Portcullis: please report it with the output of `sudo ss -tnp`',
    explanation: 'A session whose ends are not known cannot be kept open, so nothing is planned without it.',
  } satisfies DiagnosticKind<[session: string]>,
  nothingConfirmed: {
    code: 'L0006',
    severity: 'error',
    message: () =>
      'nothing has been confirmed on this machine yet, so there is nothing that it could have drifted from',
    help: () => 'hold it against a policy: `portcullis drift portcullis.yaml`',
    explanation: 'Drift is told against what was confirmed last, or against a policy that is named.',
  } satisfies DiagnosticKind<[]>,
  unreadRecord: {
    code: 'L0007',
    severity: 'error',
    message: (what: string, reason: string) => `what was kept of ${what} cannot be read: ${reason}`,
    help: () => 'hold the machine against a policy instead: `portcullis drift portcullis.yaml`',
    explanation: 'The rules of a confirmed change are kept beside it, and are read again to find drift.',
  } satisfies DiagnosticKind<[what: string, reason: string]>,
  otherMechanism: {
    code: 'L0008',
    severity: 'error',
    message: (stands: string, wanted: string) =>
      `rules of Portcullis stand here that ${stands} holds, and the change would be made with ${wanted}`,
    help: (stands: string) =>
      `go on with them: \`portcullis apply --with ${stands}\`; or take them away first: \`portcullis rollback 0\``,
    explanation:
      'A machine is filtered by one set of our rules. Two that stand side by side would both decide, and no trial could take both back at once.',
  } satisfies DiagnosticKind<[stands: string, wanted: string]>,
  savedWithIptables: {
    code: 'L0009',
    severity: 'error',
    message: () => '`--in` takes a listing of nft, and a change with iptables is planned on the machine itself',
    help: () => 'leave `--in` away on the machine, or compare files with `portcullis diff`',
    explanation: 'What iptables would enforce depends on its own tables, which a listing of nft does not show.',
  } satisfies DiagnosticKind<[]>,
  bothBackends: {
    code: 'L0010',
    severity: 'warning',
    message: () =>
      'both kinds of iptables hold rules here, legacy and nft: the kernel asks both, and so does this answer',
    help: () =>
      'keep one: see what each holds with `iptables-legacy-save` and `iptables-nft-save`, move the rules, and empty the other',
    explanation:
      'Each of the two programs shows its own rules only, and `nft` shows none of iptables-legacy: what stands is not what anybody sees who looks with one of them.',
  } satisfies DiagnosticKind<[]>,
  noSuchSession: {
    code: 'L0004',
    severity: 'error',
    message: (name: string) => `there is no session \`${name}\``,
    help: (_name, names) => `\`--yes-cut\` takes the name of a session that would be lost: ${names}`,
    explanation: 'Nobody’s session is given up by a slip: `--yes-cut` takes the name of one that is there.',
  } satisfies DiagnosticKind<[name: string, names: string]>,
} as const;
