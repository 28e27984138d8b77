import type { DiagnosticKind } from '../../diagnostic/index.ts';

/** What stands in the way of a change of this machine. */
export const APPLY_PROBLEMS = {
  pending: {
    code: 'A0101',
    severity: 'error',
    message: (who: string) => `another change is on trial (${who})`,
    help: () => 'wait until it is confirmed or over, or take it back: `portcullis rollback`',
    explanation: 'One change at a time: the kernel refuses a second while the first can still revert.',
  } satisfies DiagnosticKind<[who: string]>,
  notOurs: {
    code: 'A0102',
    severity: 'error',
    message: (reason: string) => `what stands under our name is not ours to change: ${reason}`,
    help: () => 'see `nft list table inet portcullis`; rename or delete that table, if it may go',
    explanation:
      'Only tables that Portcullis made are changed, and it knows them by their form, not by their name alone.',
  } satisfies DiagnosticKind<[reason: string]>,
  unprovenChange: {
    code: 'A0103',
    severity: 'error',
    message: (fault: string, count: number) =>
      `the change was not made, for its transactions are not proven (${fault}${count > 1 ? `, and ${count - 1} more` : ''})`,
    help: () => 'nothing was changed; this is a fault of Portcullis, please report it with `portcullis plan --json`',
    explanation:
      'Each transaction is read back and followed through trial, expiry, confirmation and revert before any of it is loaded.',
  } satisfies DiagnosticKind<[fault: string, count: number]>,
  noLockdown: {
    code: 'A0104',
    severity: 'error',
    message: (reason: string) => `the rules that hold at boot until the policy is loaded cannot be written: ${reason}`,
    help: () => 'nothing was changed; this is a fault of Portcullis, please report it with the policy',
    explanation:
      'At boot a lock-down comes first, so that a machine is never open, and can be reached, whatever fails after.',
  } satisfies DiagnosticKind<[reason: string]>,
  misledHook: {
    code: 'A0111',
    severity: 'error',
    message: (family: number, builtin: string) =>
      `the first rule of \`${builtin}\` (IPv${family}) does not lead to ours any more, though our chains stand`,
    help: (family: number, builtin: string) => {
      const [program, jump] = [family === 4 ? 'iptables' : 'ip6tables', `-j PORTCULLIS-${builtin}`];
      const again = (place: string): string =>
        `\`${program} -D ${builtin} ${jump}\`, then \`${program} -I ${place} ${jump}\``;
      const docker = builtin === 'FORWARD' ? `; beside Docker, ${again('DOCKER-USER')}` : '';
      return `another program has changed it (Docker puts its rules first when it starts); if ours shall come first, ${again(builtin)}${docker}`;
    },
    explanation:
      'With iptables, rules of ours decide where the built-in chains lead to them first. To put the hook back would change what is in force at once, without a trial, so it is left to you.',
  } satisfies DiagnosticKind<[family: number, builtin: string]>,
  nothingToRemove: {
    code: 'A0105',
    severity: 'error',
    message: () => 'no rules of Portcullis stand on this machine, so there are none to take away',
    help: () => 'see what stands: portcullis status',
    explanation: 'There is nothing to go back from.',
  } satisfies DiagnosticKind<[]>,
  lockedOut: {
    code: 'A0106',
    severity: 'error',
    message: (count: number) =>
      `refused: ${count === 1 ? 'a way' : `${count} ways`} to administer this machine would not be proven open`,
    help: () =>
      'nothing was changed; add the flow that is told above, or say which session may be lost: `--yes-cut NAME`',
    explanation:
      'A change is only made when every session of an administrator is proven to go on, and to be opened anew, under the new rules.',
  } satisfies DiagnosticKind<[count: number]>,
  refusal: {
    code: 'A0109',
    severity: 'error',
    message: (sentence: string) => sentence,
    help: () => 'see the rule that decides, and the flow that would keep it: portcullis plan',
    explanation: 'A way to administer this machine that could not be proven to stay open.',
  } satisfies DiagnosticKind<[sentence: string]>,
  wrongProbe: {
    code: 'A0107',
    severity: 'error',
    message: (problem: string) => problem,
    help: () =>
      'for example: `portcullis apply portcullis.yaml --confirm-by probe -- curl -fsS https://discord.com`, or `--probe-flow "tcp host -> 192.0.2.1:443"`',
    explanation:
      'A probe confirms a change in a person’s place: a program that ends with 0, or a connection that opens.',
  } satisfies DiagnosticKind<[problem: string]>,
  nothingToRehearse: {
    code: 'A0110',
    severity: 'error',
    message: () => 'nobody can be locked out, for the policy lets nobody in over TCP',
    help: () =>
      'add the flow by which this machine is administered: `portcullis init` proposes it from your SSH session',
    explanation: 'A rehearsal tries the way in of those whom the policy lets in, and needs one to try.',
  } satisfies DiagnosticKind<[]>,
  noEarlierChange: {
    code: 'A0108',
    severity: 'error',
    message: () => 'there is no earlier change to go back to',
    help: () => 'see the changes with `portcullis status`; `portcullis rollback 0` takes all rules of Portcullis away',
    explanation: 'Changes that were confirmed are kept, and can be gone back to by their number.',
  } satisfies DiagnosticKind<[]>,
} as const;
