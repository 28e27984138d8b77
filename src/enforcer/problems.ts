import type { DiagnosticKind } from '../diagnostic/index.ts';

/** Why the part that runs as root did not do what it was asked. In each case: nothing was changed, unless the words say so. */
export const ENFORCER_PROBLEMS = {
  unusableRequest: {
    code: 'E0001',
    severity: 'error',
    message: (problems: readonly string[]) => `the request cannot be used: ${problems.join('; ')}`,
    help: () => 'the command and the part that runs as root must be of the same version of portcullis',
    explanation:
      'The part that runs as root takes requests of one exact form, and does nothing with one that it does not understand whole.',
  } satisfies DiagnosticKind<[problems: readonly string[]]>,
  foreignCommand: {
    code: 'E0002',
    severity: 'error',
    message: (text: string, line: number, why: string) => `the text \`${text}\`, line ${line}, is not loaded: ${why}`,
    help: () =>
      'only `table inet portcullis` and `table inet portcullis-lockdown` are ever written, and with iptables the chains `PORTCULLIS-...` and `PC-...`',
    explanation:
      'Before a text is given to the kernel as root, each of its commands is held against the promise that nothing but ours is touched.',
  } satisfies DiagnosticKind<[text: string, line: number, why: string]>,
  notRoot: {
    code: 'E0003',
    severity: 'error',
    message: (why: string) => `this takes root, and there is no way to become root here: ${why}`,
    help: () => 'run the command as root, or with `sudo`, or allow `sudo` to run it without a password',
    explanation:
      'Only root may read and change the rules of the kernel. A command that is not root starts the small part that must be with `sudo -n`.',
  } satisfies DiagnosticKind<[why: string]>,
  noAnswer: {
    code: 'E0004',
    severity: 'error',
    message: (exitCode: number, said: string) =>
      `the part that runs as root ended without an answer (exit code ${exitCode})${said === '' ? '' : `: ${said}`}`,
    help: () => '`portcullis status` says what is in force; a change on trial reverts by itself',
    explanation:
      'It was killed, or could not be started. What it had begun is finished or taken back by whatever is asked next.',
  } satisfies DiagnosticKind<[exitCode: number, said: string]>,
  pendingChange: {
    code: 'E0005',
    severity: 'error',
    message: (who: string, seconds: number) => `a change is on trial already: ${who}, and reverts in ${seconds} s`,
    help: () => '`portcullis confirm` keeps it, `portcullis rollback` takes it back; otherwise wait',
    explanation: 'There is one change at a time, so that it is always clear what a silence takes back.',
  } satisfies DiagnosticKind<[who: string, seconds: number]>,
  rulesetChanged: {
    code: 'E0006',
    severity: 'error',
    message: () => 'the rules of this machine have changed since the change was planned',
    help: () => 'run the command again: it plans on what is there now',
    explanation:
      'What a change means was proven for the rules that were in force then; with other rules beside it may mean something else.',
  } satisfies DiagnosticKind<[]>,
  nothingPending: {
    code: 'E0007',
    severity: 'error',
    message: () => 'no change is on trial: there is nothing to confirm',
    help: () => '`portcullis status` says what is in force; `portcullis apply` begins a change',
    explanation: 'A confirmation keeps the one change that is on trial.',
  } satisfies DiagnosticKind<[]>,
  sameSession: {
    code: 'E0008',
    severity: 'error',
    message: (why: string) => `this session does not show that one can still get in: ${why}`,
    help: () => 'open a new connection to this machine and confirm there; or say that this session may confirm',
    explanation:
      'A session that was open before the change goes on whatever the new rules say of new ones. One that began under them is the proof that nobody is locked out.',
  } satisfies DiagnosticKind<[why: string]>,
  stateNotWritable: {
    code: 'E0009',
    severity: 'error',
    message: (path: string, why: string) => `\`${path}\` cannot be written: ${why}`,
    help: () => 'nothing was changed; make room on that disk or make it writable, and try again',
    explanation:
      'What a change needs on disk is written before the kernel is asked. Where that fails, the kernel is not asked.',
  } satisfies DiagnosticKind<[path: string, why: string]>,
  stateNotOurs: {
    code: 'E0010',
    severity: 'error',
    message: (path: string, why: string) => `\`${path}\` is not as we left it: ${why}`,
    help: (path: string) => `look who changed it; where nothing in it is wanted, move \`${path}\` away`,
    explanation:
      'Root keeps its files in folders that nobody else may write, and checks what it reads from there. What has been altered is not trusted.',
  } satisfies DiagnosticKind<[path: string, why: string]>,
  kernelRefused: {
    code: 'E0011',
    severity: 'error',
    message: (said: string, standing: string) => `the kernel did not take the change: ${said}; ${standing}`,
    help: () => 'a transaction is taken whole or not at all; the words are those of `nft`',
    explanation: '`nft -f` refused the text. What was in force before is still in force.',
  } satisfies DiagnosticKind<[said: string, standing: string]>,
  kernelUnclear: {
    code: 'E0012',
    severity: 'error',
    message: (why: string, standing: string) => `\`nft\` was interrupted (${why}); ${standing}`,
    help: () => '`portcullis status` says what is in force',
    explanation: 'Whether the kernel had taken the transaction when `nft` ended was looked up afterwards, and is told.',
  } satisfies DiagnosticKind<[why: string, standing: string]>,
  kernelUnreadable: {
    code: 'E0013',
    severity: 'error',
    message: (what: string, said: string) => `${what} cannot be read from the kernel: ${said}`,
    help: () => 'nothing was changed; `nft list ruleset` as root shows whether nftables works here',
    explanation: 'Without knowing what is in force, nothing is changed.',
  } satisfies DiagnosticKind<[what: string, said: string]>,
  busy: {
    code: 'E0014',
    severity: 'error',
    message: (pid: string) =>
      `another command of ours is changing this machine${pid === '' ? '' : ` (process ${pid})`}`,
    help: (pid: string) =>
      pid === '' ? 'try again in a moment' : `try again in a moment; where it hangs, end it: \`kill -9 ${pid}\``,
    explanation:
      'Steps of two changes must not mix. The kernel holds what is in force meanwhile, and takes a trial back when its time is over.',
  } satisfies DiagnosticKind<[pid: string]>,
  noTrial: {
    code: 'E0015',
    severity: 'error',
    message: (standing: string) => `the text of a change on trial begins no trial; ${standing}`,
    help: () => 'this is a fault of the program: please report it with the policy',
    explanation: 'A change on trial must be held by elements that time out. Without them nothing would take it back.',
  } satisfies DiagnosticKind<[standing: string]>,
  unknownTrial: {
    code: 'E0016',
    severity: 'error',
    message: (comment: string, seconds: number) =>
      `the kernel holds a change on trial (${comment}) that our files know nothing of; it reverts in ${seconds} s`,
    help: () => 'wait until it has reverted, then begin again',
    explanation:
      'The files of the change are gone, and with them the text that would make it permanent or take it back early.',
  } satisfies DiagnosticKind<[comment: string, seconds: number]>,
  noSuchChange: {
    code: 'E0017',
    severity: 'error',
    message: (number: number) => `there is no confirmed change ${number}`,
    help: () => '`portcullis rollback --list` names those that are kept',
    explanation: 'Only the last confirmed changes are kept.',
  } satisfies DiagnosticKind<[number: number]>,
  noSwitch: {
    code: 'E0019',
    severity: 'error',
    message: (why: string) => `this machine cannot hold the way back of a change with iptables: ${why}`,
    help: () =>
      'nothing was changed; the kernel needs `ip_set_list_set` and `xt_set` for `ipset`; without `ipset` a process keeps the way back; or apply with nftables',
    explanation:
      'Where `ipset` works, the new rules are in force only as long as a set of it has members, which the kernel lets expire. Where that fails after all, nothing would take a change back, so none is begun.',
  } satisfies DiagnosticKind<[why: string]>,
  noKeeper: {
    code: 'E0021',
    severity: 'error',
    message: (why: string) => `the process that would take the change back could not be started: ${why}`,
    help: () => 'nothing was changed; see whether this machine is short of memory, or install `ipset`',
    explanation:
      'Without `ipset`, a process of ours keeps the time of a trial with iptables. Nothing is loaded before it has said that it is ready.',
  } satisfies DiagnosticKind<[why: string]>,
  lostTrial: {
    code: 'E0022',
    severity: 'error',
    message: (comment: string) =>
      `rules are in force that were on trial${comment === '' ? '' : ` (${comment})`}; the process that kept the trial is gone, and our files know nothing of it`,
    help: () => 'restart the machine: it comes up with what was confirmed last',
    explanation:
      'Both the process that would take the change back and the files of the change are gone, so that what stood before is not known any more. What is on trial is never loaded at boot.',
  } satisfies DiagnosticKind<[comment: string]>,
  untidy: {
    code: 'E0020',
    severity: 'error',
    message: (comment: string) =>
      `the change that was confirmed last is in force, but what its trial needed could not be taken away yet${comment === '' ? '' : ` (${comment})`}`,
    help: () =>
      'what is in force stays in force; `portcullis rollback` tries again and says what is in the way; a restart of the machine ends it, too',
    explanation:
      'After a confirmation with iptables, the rules that were replaced and the switch are taken away. Until that is done, no other change is begun.',
  } satisfies DiagnosticKind<[comment: string]>,
  internal: {
    code: 'E0018',
    severity: 'error',
    message: (what: string) => `the part that runs as root met something that it was not made for: ${what}`,
    help: () => '`portcullis status` says what is in force; please report this',
    explanation: 'This is a fault of the program. A change on trial reverts by itself.',
  } satisfies DiagnosticKind<[what: string]>,
} as const;
