import type { NftTexts, PersistedNft } from '../../src/enforcer/index.ts';

/**
 * Transactions of the form that docs/decisions/0005-how-a-live-host-is-changed.md decides, small enough to be read: a policy here is
 * one TCP port that is let through, in both hooks and families; everything else is answered with a reset.
 */
export const OLD_PORT = 1001;
export const NEW_PORT = 1002;

const HOOKS = ['input', 'output'] as const;

function rules(port: number): string {
  return `    ct state established,related accept
    tcp dport ${port} accept
    meta l4proto tcp reject with tcp reset
    meta l4proto { icmp, ipv6-icmp } accept
    drop`;
}

function perHook(line: (hook: (typeof HOOKS)[number]) => string): string {
  return HOOKS.map(line).join('\n');
}

/** The plain form: what `render` prints and boot loads. It takes the lock-down away in its own transaction. */
export function plainText(port: number): string {
  return `table inet portcullis
delete table inet portcullis
table inet portcullis {
${perHook((hook) => `  chain ${hook} {\n    type filter hook ${hook} priority filter - 5; policy drop;\n${rules(port)}\n  }`)}
}
table inet portcullis-lockdown
delete table inet portcullis-lockdown
`;
}

/** What stands until the ruleset is loaded: neither port, but a third one, on which the machine is managed. */
export const MANAGEMENT_PORT = 1003;

const LOCKDOWN = `table inet portcullis-lockdown
delete table inet portcullis-lockdown
table inet portcullis-lockdown {
${perHook((hook) => `  chain ${hook} {\n    type filter hook ${hook} priority filter - 5; policy drop;\n${rules(MANAGEMENT_PORT)}\n  }`)}
}
`;

function trialSet(seconds: number): string {
  return `create set inet portcullis trial { typeof meta nfproto; flags timeout; comment "by alice, ${seconds} s from 2026-11-25T20:00:00Z"; }
`;
}

function slot(name: string, port: number): string {
  return `${perHook((hook) => `add chain inet portcullis ${name}/${hook}`)}
table inet portcullis {
${perHook((hook) => `  chain ${name}/${hook} {\n${rules(port)}\n  }`)}
}
`;
}

function start(seconds: number): string {
  return `add element inet portcullis trial { ipv4 timeout ${seconds}s, ipv6 timeout ${seconds}s }\n`;
}

const END = 'delete element inet portcullis trial { ipv4, ipv6 }\n';

/** From the plain form of one port to slot `b` with another. */
export function replaceTexts(port: number, seconds: number): NftTexts {
  return {
    mechanism: 'nftables',
    begin: `${trialSet(seconds)}${slot('b', port)}${perHook(
      (hook) => `insert rule inet portcullis ${hook} meta nfproto @trial goto b/${hook}`,
    )}\n${start(seconds)}`,
    confirm: `${END}${perHook(
      (hook) => `flush chain inet portcullis ${hook}\nadd rule inet portcullis ${hook} goto b/${hook}`,
    )}\ndelete set inet portcullis trial\n`,
    revert: `${perHook((hook) => `flush chain inet portcullis ${hook}`)}
${perHook((hook) => `delete chain inet portcullis b/${hook}`)}
delete set inet portcullis trial
table inet portcullis {
${perHook((hook) => `  chain ${hook} {\n${rules(OLD_PORT)}\n  }`)}
}
`,
  };
}

/** Where nothing of ours was before: the frame accepts until it is confirmed. */
export function firstTexts(port: number, seconds: number): NftTexts {
  const frame = (policy: string): string =>
    perHook(
      (hook) => `add chain inet portcullis ${hook} { type filter hook ${hook} priority filter - 5; policy ${policy}; }`,
    );
  return {
    mechanism: 'nftables',
    begin: `create table inet portcullis
${trialSet(seconds)}${slot('b', port)}${frame('accept')}
${perHook((hook) => `add rule inet portcullis ${hook} meta nfproto @trial goto b/${hook}`)}
${start(seconds)}`,
    confirm: `${END}${frame('drop')}
${perHook((hook) => `flush chain inet portcullis ${hook}\nadd rule inet portcullis ${hook} goto b/${hook}`)}
delete set inet portcullis trial
`,
    revert: 'delete table inet portcullis\n',
  };
}

/** Without a trial. */
export function atOnceTexts(port: number): NftTexts {
  return { mechanism: 'nftables', begin: plainText(port), confirm: '', revert: '' };
}

export function persisted(port: number): PersistedNft {
  return {
    mechanism: 'nftables',
    ruleset: plainText(port),
    lockdown: LOCKDOWN,
    policy: JSON.stringify({ 'portcullis.yaml': `port ${port}` }),
  };
}
