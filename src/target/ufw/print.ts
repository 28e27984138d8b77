import type { Artifact } from '../target.ts';
import { type End, familyOfEnd, ruleKey, type UfwRule } from './rule.ts';
import { PROLOGUE } from './script.ts';
import { CHAINS, type Policies, type Policy, printConf, printDefaults } from './settings.ts';
import type { Setup } from './setup.ts';
import { shellWord } from './shell-line.ts';

/** The files as they belong on a machine, and the same as commands. */
export function printSetup(setup: Setup): Artifact[] {
  const { settings, files } = setup;
  return [
    { name: 'ufw-commands.sh', text: printCommands(setup) },
    { name: 'etc/default/ufw', text: printDefaults(settings) },
    { name: 'etc/ufw/ufw.conf', text: printConf(settings) },
    ...(['before', 'user', 'after'] as const).flatMap((kind) =>
      ([4, 6] as const).map((family) => ({
        name: `etc/ufw/${kind}${family === 6 ? '6' : ''}.rules`,
        text: files[family][kind].text,
      })),
    ),
  ];
}

const POLICY_WORDS: Readonly<Record<Policy, string>> = { ACCEPT: 'allow', DROP: 'deny', REJECT: 'reject' };
const CHAIN_WORDS: Readonly<Record<keyof Policies, string>> = {
  input: 'incoming',
  output: 'outgoing',
  forward: 'routed',
};

/** The policies, all rules, and only then the switch: whoever may come in is let in before anybody is kept out. */
function printCommands({ settings, rules }: Setup): string {
  const lines = [
    ...CHAINS.map((chain) => ['default', POLICY_WORDS[settings.policies[chain]], CHAIN_WORDS[chain]]),
    ['logging', settings.logLevel],
    ...ruleCommands(rules.filter(({ action }) => action !== 'limit')),
    ...ruleCommands(rules.filter(({ action }) => action === 'limit')),
    ['--force', 'enable'],
  ];
  return `${PROLOGUE}${lines.map((words) => `ufw ${words.map(shellWord).join(' ')}\n`).join('')}`;
}

/** Each rule as the arguments of one command; what is the same for both families, once. */
function ruleCommands(rules: readonly UfwRule[]): string[][] {
  const keys = new Map(rules.map((rule) => [ruleKey(rule), rule]));
  const twin = (rule: UfwRule): boolean => {
    const other = keys.get(ruleKey({ ...rule, family: rule.family === 4 ? 6 : 4 }));
    return other !== undefined && other.action === rule.action && other.comment === rule.comment;
  };
  return rules.flatMap((rule) => {
    const isOfBoth = familyOfEnd(rule.from) === undefined && familyOfEnd(rule.to) === undefined && twin(rule);
    return isOfBoth && rule.family === 6 ? [] : [ruleCommand(rule, isOfBoth)];
  });
}

function ruleCommand(rule: UfwRule, isOfBoth: boolean): string[] {
  const { family, direction, action, way, inInterface, outInterface, log, protocol, from, to, comment } = rule;
  const anywhere = family === 4 ? '0.0.0.0/0' : '::/0';
  const isTold = isOfBoth || familyOfEnd(from) !== undefined || familyOfEnd(to) !== undefined;
  const devices = [
    ...(inInterface === undefined ? [] : ['in', 'on', inInterface]),
    ...(outInterface === undefined ? [] : ['out', 'on', outInterface]),
  ];
  const head = [...(direction === 'routed' ? ['route'] : []), action];
  const tail = comment === undefined ? [] : ['comment', comment];
  const isShort =
    devices.length === 0 && direction !== 'routed' && isOfBoth && from.ports === 'any' && to.ports !== 'any';
  const toward = direction !== 'routed' && devices.length === 0 && way === 'out' ? ['out'] : devices;
  const logged = log === undefined ? [] : [log];
  if (isShort)
    return [...head, ...toward, ...logged, protocol === 'any' ? to.ports : `${to.ports}/${protocol}`, ...tail];
  return [
    ...[...head, ...toward, ...logged],
    ...(protocol === 'any' ? [] : ['proto', protocol]),
    ...side('from', from, isTold ? 'any' : anywhere),
    ...side('to', to, 'any'),
    ...tail,
  ];
}

function side(word: 'from' | 'to', { address, ports, app }: End, anywhere: string): string[] {
  const where = [word, address === 'any' ? anywhere : address];
  if (app !== undefined) return [...where, 'app', app];
  return ports === 'any' ? where : [...where, 'port', ports];
}
