import type {
  FamilyTexts,
  IptablesStep,
  IptablesTexts,
  PersistedIptables,
  WatchedTexts,
} from '../../src/enforcer/index.ts';
import { MANAGEMENT_PORT, OLD_PORT } from './texts.ts';

/**
 * Texts of the form that docs/decisions/0008-a-live-host-with-iptables.md decides, with the policies of texts.ts: one TCP port that is let
 * through, in both hooks and families; everything else is answered with a reset.
 */
const HOOKS = ['INPUT', 'OUTPUT', 'FORWARD'] as const;

type Slot = 'a' | 'b' | 'l'; // of two policies in turn, and of the lock-down

function slot(name: Slot, port: number): string {
  const rules = (chain: string): string =>
    [
      '-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
      `-p tcp -m tcp --dport ${port} -j ACCEPT`,
      '-p tcp -j REJECT --reject-with tcp-reset',
      '-p ICMP -j ACCEPT',
      '-j DROP',
    ]
      .map((rule) => `-A ${chain} ${rule}\n`)
      .join('');
  return HOOKS.map((hook) => `:PC-${name}-${hook} - [0:0]\n${rules(`PC-${name}-${hook}`)}`).join('');
}

const SWITCH = '-m set --match-set portcullis-trial src ';

function frame(name: Slot | undefined, onTrial?: Slot, condition = SWITCH): string {
  const comment = '-m comment --comment "since 2026-11-25T20:00:00Z, by alice"';
  return HOOKS.map(
    (hook) =>
      `:PORTCULLIS-${hook} - [0:0]\n${onTrial === undefined ? '' : `-A PORTCULLIS-${hook} ${condition}${comment} -g PC-${onTrial}-${hook}\n`}${name === undefined ? '' : `-A PORTCULLIS-${hook} -g PC-${name}-${hook}\n`}`,
  ).join('');
}

function mark(name: 'trial' | 'on'): string {
  return `:PC-${name} - [0:0]\n`;
}

const UNMARKED = ['trial', 'on', 'kept'].map((name) => `:PC-${name} - [0:0]\n-X PC-${name}\n`).join('');

function without(name: Slot): string {
  return HOOKS.map((hook) => `:PC-${name}-${hook} - [0:0]\n-X PC-${name}-${hook}\n`).join('');
}

function families(lines: string): FamilyTexts {
  // Declarations first, as iptables-restore would have them; then what fills and removes.
  const all = lines.split('\n').filter((line) => line !== '');
  const text = (icmp: string): string =>
    `*filter\n${[...all.filter((line) => line.startsWith(':')), ...all.filter((line) => line.startsWith('-A')), ...all.filter((line) => line.startsWith('-X')), 'COMMIT'].join('\n')}\n`.replaceAll(
      'ICMP',
      icmp,
    );
  return { v4: text('icmp'), v6: text('ipv6-icmp') };
}

function step(lines: string, hooked = true): IptablesStep {
  return { ...families(lines), hooked };
}

/** From slot `a` with the old port to slot `b` with another. */
export function replaceTexts(port: number): IptablesTexts {
  return {
    mechanism: 'iptables',
    heldBy: 'kernel',
    begin: step(frame('a', 'b') + slot('b', port)),
    confirm: step(frame('b') + without('a')),
    revert: step(frame('a') + without('b')),
  };
}

/** The same, for a machine on which a process keeps the trial. */
export function watchedTexts(port: number): WatchedTexts {
  return {
    mechanism: 'iptables',
    heldBy: 'process',
    begin: step(mark('trial') + slot('b', port)),
    on: step(mark('on') + frame('a', 'b', '')),
    off: step(`${frame('a')}:PC-on - [0:0]\n-X PC-on\n`),
    confirm: step(frame('b') + without('a') + UNMARKED),
    revert: step(frame('a') + without('b') + UNMARKED),
  };
}

/** Where nothing of ours was before: without the switch, packets go on as if we were not there. */
export function firstTexts(port: number): IptablesTexts {
  return {
    mechanism: 'iptables',
    heldBy: 'kernel',
    begin: step(frame(undefined, 'a') + slot('a', port)),
    confirm: step(frame('a')),
    revert: step(frame(undefined) + without('a') + HOOKS.map((hook) => `-X PORTCULLIS-${hook}\n`).join(''), false),
  };
}

export function persisted(port: number): PersistedIptables {
  const hooks = (text: string): string =>
    text.replace(/^(?=-A)/m, HOOKS.map((hook) => `-I ${hook} 1 -j PORTCULLIS-${hook}\n`).join(''));
  const boot = ({ v4, v6 }: FamilyTexts): FamilyTexts => ({ v4: hooks(v4), v6: hooks(v6) });
  return {
    mechanism: 'iptables',
    ruleset: boot(families(frame('a') + slot('a', port) + without('l'))),
    lockdown: boot(families(frame('l') + slot('l', MANAGEMENT_PORT))),
    policy: JSON.stringify({ 'portcullis.yaml': `port ${port}` }),
  };
}

export { OLD_PORT };
