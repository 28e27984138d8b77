import type { DiagnosticKind } from '../../diagnostic/index.ts';

/** What there is to say about ufw: its files, its listings, and the commands that somebody gives it. */
export const UFW_PROBLEMS = {
  unknownFile: {
    code: 'N0401',
    severity: 'error',
    message: (name: string) => `\`${name}\` is nothing of ufw`,
    help: () =>
      'give its files (`/etc/ufw/*.rules`, `/etc/ufw/ufw.conf`, `/etc/default/ufw`), the output of `ufw status verbose` or `ufw show added`, or a list of `ufw` commands',
    explanation:
      'What ufw enforces is read from its files and listings. The reader never skips a file that it does not know.',
  } satisfies DiagnosticKind<[name: string]>,
  givenTwice: {
    code: 'N0402',
    severity: 'error',
    message: (what: string) => `${what} is given twice`,
    help: () => 'give the files of one machine, each once',
    explanation: 'Which of the two counts, nothing tells.',
  } satisfies DiagnosticKind<[what: string]>,
  disagree: {
    code: 'N0403',
    severity: 'error',
    message: (what: string, other: string, line: string) => `${what} and ${other} do not say the same: \`${line}\``,
    help: () => 'save both again at one time, or give one of them',
    explanation:
      '`ufw status`, `ufw show added` and a list of commands all lead to what stands in `user.rules` and `user6.rules`. Where two are given, they have to agree.',
  } satisfies DiagnosticKind<[what: string, other: string, line: string]>,
  notEnabled: {
    code: 'N0404',
    severity: 'warning',
    message: () => 'ufw is not enabled: it enforces nothing at all, and every packet is let through',
    help: () => 'let the management flow in first (`ufw allow ...`), then run `ufw enable`',
    explanation:
      'Rules are kept whether ufw is enabled or not, but loaded only where `ENABLED=yes` stands in `/etc/ufw/ufw.conf`. What is asked of such a configuration is answered for a machine without a firewall.',
  } satisfies DiagnosticKind<[]>,
  assumed: {
    code: 'N0405',
    severity: 'info',
    message: (what: string, assumption: string) => `${what}: ${assumption}`,
    help: () => 'give all files of ufw, which tell: `--in /etc/ufw`',
    explanation:
      '`ufw status` and `ufw show added` do not show what stands in `before.rules` and `after.rules`, nor the default policies without `verbose`. What a fresh ufw has is assumed in their place.',
  } satisfies DiagnosticKind<[what: string, assumption: string]>,
  setting: {
    code: 'N0406',
    severity: 'error',
    message: (text: string, why: string) => `\`${text}\` is no setting of ufw: ${why}`,
    explanation:
      '`/etc/default/ufw` and `ufw.conf` are read by a shell and by ufw itself. Only assignments of plain values mean the same to both.',
  } satisfies DiagnosticKind<[text: string, why: string]>,
  helpers: {
    code: 'N0407',
    severity: 'info',
    message: (modules: string) => `\`${modules}\` may declare further connections to be related to one that is allowed`,
    help: () => 'remove the modules from `IPT_MODULES` where nobody needs them',
    explanation:
      'Helpers of connection tracking read the payload of protocols such as FTP and let the connections through that it announces: they pass as `related`.',
  } satisfies DiagnosticKind<[modules: string]>,
  flushesOthers: {
    code: 'N0408',
    severity: 'warning',
    message: () => 'ufw empties the chains of all others when it starts or stops',
    help: () => 'set `MANAGE_BUILTINS=no`',
    explanation:
      'With `MANAGE_BUILTINS=yes` ufw flushes the built-in chains of filter, mangle and nat, and removes all chains that others have made: Docker’s, Kubernetes’, yours.',
  } satisfies DiagnosticKind<[]>,
  tuple: {
    code: 'N0409',
    severity: 'warning',
    message: (why: string) => `ufw passes over this line: ${why}`,
    help: () => 'remove the rules below it and add them again with `ufw`',
    explanation:
      'The lines `### tuple ###` are what ufw’s own commands know of `user.rules`. The rules below a line that it cannot read are loaded, but no listing shows them, and the next change of any rule drops them.',
  } satisfies DiagnosticKind<[why: string]>,
  edited: {
    code: 'N0410',
    severity: 'warning',
    message: (tuple: string) => `the rules below are not those that ufw makes of \`${tuple}\``,
    help: () => 'move what you have written by hand to `before.rules`',
    explanation:
      'What is loaded is the rules; what `ufw status` shows is the line above them. They were changed by hand, and the next `ufw` command that changes a rule writes the file anew.',
  } satisfies DiagnosticKind<[tuple: string]>,
  statusLine: {
    code: 'N0411',
    severity: 'error',
    message: (line: string, why: string) => `this line of \`ufw status\` cannot be read: \`${line}\`: ${why}`,
    help: () => 'give the output of `ufw status verbose` as it is (with `LC_ALL=C`), or the files',
    explanation: 'A rule that is not understood could let anything through, so none is skipped.',
  } satisfies DiagnosticKind<[line: string, why: string]>,
  routedDisabled: {
    code: 'N0412',
    severity: 'info',
    message: () =>
      'the kernel forwards nothing at the moment, so that the default policy for routed packets does not show; deny is taken',
    help: () => 'give `/etc/default/ufw`, which has it as `DEFAULT_FORWARD_POLICY`',
    explanation:
      '`ufw status verbose` prints `disabled (routed)` where `net.ipv4.ip_forward` is off. Docker and virtual machines switch it on.',
  } satisfies DiagnosticKind<[]>,
  refused: {
    code: 'N0413',
    severity: 'warning',
    message: (why: string) => `ufw refuses this command, and it changes nothing: ${why}`,
    help: () =>
      'see ufw(8): `ufw [rule] allow [in|out [on INTERFACE]] [proto PROTOCOL] [from ADDRESS [port PORT]] [to ADDRESS [port PORT]]`',
    explanation:
      'ufw answers so with an exit status, which scripts without `set -e` pass over: the rule that somebody counts on is not there.',
  } satisfies DiagnosticKind<[why: string]>,
  notDone: {
    code: 'N0414',
    severity: 'warning',
    message: (why: string) => `this command changes nothing: ${why}`,
    explanation: 'ufw says so, and ends with the exit status of success for most of these.',
  } satisfies DiagnosticKind<[why: string]>,
  notUfw: {
    code: 'N0415',
    severity: 'warning',
    message: (text: string) => `this is no command of ufw, and is not followed: \`${text}\``,
    help: () => 'if it changes the firewall, give what ufw says afterwards instead: `ufw status verbose`, or the files',
    explanation: 'A list of commands is read as far as it is commands of ufw with plain arguments.',
  } satisfies DiagnosticKind<[text: string]>,
  lockout: {
    code: 'N0416',
    severity: 'warning',
    message: () =>
      'from here on nobody can log in by SSH any more: incoming is denied, and no rule before this command lets port 22 in',
    help: () => 'put the rule for the management flow first: `ufw allow from ADDRESS to any port 22 proto tcp`',
    explanation:
      '`ufw enable` loads the rules that are there. A session that is open goes on, as it is established; the next one does not come in, and a script that ends here leaves the machine so.',
  } satisfies DiagnosticKind<[]>,
  asks: {
    code: 'N0417',
    severity: 'warning',
    message: (command: string) =>
      `\`ufw ${command}\` asks before it does anything, and in a script or a pipe the answer is no`,
    help: (command: string) => `write \`ufw --force ${command}\``,
    explanation:
      'Without a terminal the answer is the end of the input: ufw prints `Aborted` and ends with the exit status of success, so that nobody notices. Here it is read as if somebody had answered yes.',
  } satisfies DiagnosticKind<[command: string]>,
  opens: {
    code: 'N0418',
    severity: 'warning',
    message: (command: string) => `\`ufw ${command}\` leaves the machine without a firewall`,
    help: () =>
      'replace the files of ufw as a whole and run `ufw reload`, or let `portcullis apply` change the rules in one transaction',
    explanation:
      '`reset` and `disable` set all policies to accept, forwarding too, until ufw is enabled again. `ufw default` on an enabled ufw stops and starts it: for the better part of a second everything passes.',
  } satisfies DiagnosticKind<[command: string]>,
  unknownProfile: {
    code: 'N0419',
    severity: 'warning',
    message: (name: string) => `which ports the application profile \`${name}\` has is not known`,
    help: () => 'give the profiles, too: `--in` with the files of `/etc/ufw/applications.d`',
    explanation: 'A profile is a name for ports. Its rule is answered both ways: it may apply or not.',
  } satisfies DiagnosticKind<[name: string]>,
  profileAssumed: {
    code: 'N0420',
    severity: 'info',
    message: (name: string, ports: string) =>
      `the application profile \`${name}\` is taken for \`${ports}\`, as its package has it`,
    help: () => 'give the profiles, too: `--in` with the files of `/etc/ufw/applications.d`',
    explanation: 'Profiles are files that anybody may change; `ufw app info NAME` shows what a machine has.',
  } satisfies DiagnosticKind<[name: string, ports: string]>,
  profile: {
    code: 'N0421',
    severity: 'error',
    message: (name: string) => `the ports of the profile \`${name}\` cannot be read`,
    help: () => 'ports are written `80,443/tcp|5353/udp`',
    explanation: 'ufw refuses such a profile.',
  } satisfies DiagnosticKind<[name: string]>,
  besideSaved: {
    code: 'N0422',
    severity: 'error',
    message: () => 'what ufw has loaded shows in `iptables-save` already',
    help: () => 'give either the output of `iptables-save` and `ip6tables-save`, or what is ufw’s',
    explanation: 'Both would be read as one machine’s rules, each rule twice, although only one is there.',
  } satisfies DiagnosticKind<[]>,
  familiesUnknown: {
    code: 'N0423',
    severity: 'info',
    message: () =>
      '`ufw show added` does not tell which rules are of one family only; each is taken for both where it can be',
    help: () => 'give `ufw status verbose` or the files, which tell',
    explanation:
      'A rule for any address shows as one line, whether it is there for IPv4, for IPv6 or for both; and the order among rules for IPv6 is not that of the list where some are for IPv6 only.',
  } satisfies DiagnosticKind<[]>,
  program: {
    code: 'N0424',
    severity: 'warning',
    message: (name: string) => `\`${name}\` is a program that ufw runs if it is executable; what it does is not read`,
    help: () =>
      'give what it leads to as well: the output of `iptables-save` and `ip6tables-save` instead of the files',
    explanation:
      '`before.init` and `after.init` run when ufw starts and stops, and may load rules of their own. A fresh ufw has them not executable.',
  } satisfies DiagnosticKind<[name: string]>,
  unwritableName: {
    code: 'N0425',
    severity: 'error',
    message: (what: string, name: string) => `the ${what} \`${name}\` cannot be written for ufw`,
    help: () => "names of interfaces have letters, digits and `_-.,=%@` only; names of flows have no `'`",
    explanation: 'ufw and its files have no way to quote these.',
  } satisfies DiagnosticKind<[what: string, name: string]>,
  unwritableMatch: {
    code: 'N0426',
    severity: 'error',
    message: (label: string, what: string) => `\`${label}\` cannot be written for ufw: ${what}`,
    explanation: 'What the piece asks of packets has no words in iptables.',
  } satisfies DiagnosticKind<[label: string, what: string]>,
} as const;
