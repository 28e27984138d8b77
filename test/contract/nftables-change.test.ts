import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ChangeFault, proveChange } from '../../src/apply/index.ts';
import { parseAddress } from '../../src/net/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import {
  type AliveConnection,
  type Program,
  readCommands,
  type StagedTexts,
  stageChange,
  standing,
  TARGETS,
} from '../../src/target/index.ts';
import { AGENT_HOST, EVERYTHING, GATEWAY, NOTHING, ROUTER } from './intents.ts';

const [agent, everything, nothing, router, gateway] = [AGENT_HOST, EVERYTHING, NOTHING, ROUTER, GATEWAY].map(
  (intent) => TARGETS.nftables.lower(intent).ast,
) as [Program, Program, Program, Program, Program];
const ABSENT: Program = { commands: [] };

const ALIVE: readonly AliveConnection[] = [
  { protocol: 6, src: parseAddress('192.0.2.7')!, sport: 40_000, dst: parseAddress('198.18.0.1')!, dport: 22 },
  { protocol: 17, src: parseAddress('2001:2::1')!, sport: 50_000, dst: parseAddress('2001:db8::7')!, dport: 53 },
];
const META = { by: 'alice', at: '2026-11-25T20:00:00Z', policyHash: 'f'.repeat(64), alive: ALIVE };

function follow(before: Program, ...texts: string[]): Program {
  const { ast } = readCommands(texts.map((text) => new SourceFile('change.nft', text)));
  assert.ok(ast !== undefined);
  return { commands: [...before.commands, ...ast.commands] };
}

function stage(before: Program, policy: Program | undefined, trialSeconds: number | undefined): StagedTexts {
  const stood = standing(before);
  assert.ok(stood.kind === 'absent' || stood.kind === 'settled' || stood.kind === 'expired');
  return stageChange(stood, {
    ...META,
    ...(policy === undefined ? {} : { policy }),
    ...(trialSeconds === undefined ? {} : { trialSeconds }),
  });
}

function prove(
  before: Program,
  policy: Program | undefined,
  texts: StagedTexts,
  onTrial = true,
): readonly ChangeFault[] {
  return proveChange({ before, ...(policy === undefined ? {} : { policy }), alive: ALIVE, onTrial, texts });
}

function inOrder({ begin, confirm }: StagedTexts): readonly [string, string] {
  return [begin, confirm];
}

/** What can stand before a change, each made by changes themselves. */
function starts(): readonly (readonly [string, Program])[] {
  const first = stage(ABSENT, agent, 60);
  const inA = follow(ABSENT, first.begin, first.confirm);
  const second = stage(inA, router, 60);
  const redirecting = follow(ABSENT, ...inOrder(stage(ABSENT, gateway, 60)));
  const third = stage(inA, gateway, 60);
  const fourth = stage(redirecting, agent, 60);
  const expiry = 'flush set inet portcullis trial';
  return [
    ['nothing', ABSENT],
    ['plain rules', agent],
    ['slot a', inA],
    ['slot b', follow(inA, second.begin, second.confirm)],
    ['what a first trial left', follow(ABSENT, first.begin, expiry)],
    ['what a second trial left', follow(inA, second.begin, expiry)],
    ['plain rules that redirect', gateway],
    ['redirects in slot a', redirecting],
    ['what a trial of redirects left', follow(inA, third.begin, expiry)],
    ['what a trial without redirects left', follow(redirecting, fourth.begin, expiry)],
  ];
}

describe('a change is proven', () => {
  const ends = {
    'the same': agent,
    'another policy': everything,
    'no flow at all': nothing,
    'redirects to a gateway': gateway,
    'nothing of ours': undefined,
  };
  for (const [from, before] of starts()) {
    for (const [to, policy] of Object.entries(ends)) {
      if (from === 'nothing' && policy === undefined) continue;
      test(`from ${from} to ${to}, on trial and at once`, () => {
        const isTried = from !== 'what a first trial left' || policy !== undefined; // nothing to nothing
        if (isTried) assert.deepEqual(prove(before, policy, stage(before, policy, 60)), []);
        assert.deepEqual(prove(before, policy, stage(before, policy, undefined), false), []);
      });
    }
  }
});

interface Plant {
  readonly name: string;
  readonly text: keyof StagedTexts;
  readonly from: RegExp;
  readonly to: string;
  readonly at: ChangeFault['at'];
  readonly says: RegExp;
}

const MORE = /lets through more/;
const LESS = /lets through less/;
const REFUSED = /the kernel would refuse it/;
const STANDS = /what stands is/;

/** Each alone in a change from slot a to another policy. */
const PLANTS: readonly Plant[] = [
  {
    name: 'a hook without the switch',
    text: 'begin',
    from: /^insert rule .* output .*\n/m,
    to: '',
    at: 'on trial',
    says: MORE,
  },
  {
    name: 'a switch that one family misses',
    text: 'begin',
    from: /, ipv6 timeout 1m/,
    to: '',
    at: 'on trial',
    says: MORE,
  },
  {
    name: 'a switch behind what stands',
    text: 'begin',
    from: /insert rule (.* input )/,
    to: 'add rule $1',
    at: 'on trial',
    says: STANDS,
  },
  {
    name: 'the wrong slot',
    text: 'begin',
    from: /@trial goto b\/forward/,
    to: '@trial goto a/forward',
    at: 'on trial',
    says: LESS,
  },
  {
    name: 'another hook of the slot',
    text: 'begin',
    from: /@trial goto b\/input/,
    to: '@trial goto b/output',
    at: 'on trial',
    says: STANDS,
  },
  { name: 'a port more', text: 'begin', from: /6 \. 443\b/, to: '6 . 444', at: 'on trial', says: MORE },
  {
    name: 'a trial that nothing ends',
    text: 'begin',
    from: /create set inet portcullis trial \{[^}]*\}/,
    to: 'add set inet portcullis trial { typeof meta nfproto; flags timeout; }',
    at: 'on trial',
    says: /second change/,
  },
  {
    name: 'a rule into the old slot',
    text: 'begin',
    from: /create set/,
    to: 'insert rule inet portcullis a/input accept\ncreate set',
    at: 'expired',
    says: MORE,
  },
  {
    name: 'an open frame',
    text: 'begin',
    from: /create set/,
    to: 'insert rule inet portcullis forward accept\ncreate set',
    at: 'expired',
    says: MORE,
  },
  {
    name: 'a live connection wider',
    text: 'begin',
    from: /192\.0\.2\.7 \. 198\.18\.0\.1/,
    to: '192.0.2.8 . 198.18.0.1',
    at: 'on trial',
    says: MORE,
  },
  {
    name: 'live connections that may open others',
    text: 'begin',
    from: /tcp flags ! syn /g,
    to: '',
    at: 'on trial',
    says: MORE,
  },
  {
    name: 'a learnt set emptied',
    text: 'begin',
    from: /create set/,
    to: 'flush set inet portcullis names4-catalog/3adiscord\ncreate set',
    at: 'on trial',
    says: /loses what it has learnt/,
  },
  {
    name: 'a late confirmation',
    text: 'confirm',
    from: /^delete element.*\n/,
    to: '',
    at: 'expired',
    says: /too late/,
  },
  { name: 'a confirmed hook too few', text: 'confirm', from: /goto b\/forward.*/, to: '', at: 'confirmed', says: LESS },
  {
    name: 'a confirmed hook open',
    text: 'confirm',
    from: /policy drop;\n\t\tgoto b\/output.*/,
    to: 'policy accept;',
    at: 'confirmed',
    says: MORE,
  },
  {
    name: 'a shared counter made anew',
    text: 'confirm',
    from: /^delete set inet portcullis trial/m,
    to: 'delete counter inet portcullis baseline-loopback\nadd counter inet portcullis baseline-loopback { }\ndelete set inet portcullis trial',
    at: 'confirmed',
    says: /loses what it has learnt/,
  },
  {
    name: 'a shared set deleted',
    text: 'confirm',
    from: /^delete set inet portcullis trial/m,
    to: 'delete set inet portcullis names4-mail\ndelete set inet portcullis trial',
    at: 'confirmed',
    says: REFUSED,
  },
  {
    name: 'the trial left',
    text: 'confirm',
    from: /^delete set inet portcullis trial\n/m,
    to: '',
    at: 'confirmed',
    says: STANDS,
  },
  {
    name: 'half a slot left',
    text: 'confirm',
    from: /^delete chain inet portcullis a\/input\n/m,
    to: '',
    at: 'confirmed',
    says: STANDS,
  },
  {
    name: 'a revert to the wrong slot',
    text: 'revert',
    from: /goto a\/input/,
    to: 'goto b/input',
    at: 'reverted',
    says: REFUSED,
  },
  {
    name: 'a revert that forgets a hook',
    text: 'revert',
    from: /goto a\/output.*/,
    to: '',
    at: 'reverted',
    says: LESS,
  },
  {
    name: 'a revert that needs the trial',
    text: 'revert',
    from: /^/,
    to: 'delete element inet portcullis trial { ipv4, ipv6 }\n',
    at: 'reverted',
    says: REFUSED,
  },
  {
    name: 'a revert that takes a counter along',
    text: 'revert',
    from: /^delete set inet portcullis trial/m,
    to: 'delete counter inet portcullis denied_input\ndelete set inet portcullis trial',
    at: 'reverted',
    says: REFUSED,
  },
  { name: "another's table", text: 'begin', from: /$/, to: 'add table ip filter\n', at: 'reading', says: /not ours/ },
  { name: 'everything flushed', text: 'revert', from: /^/, to: 'flush ruleset\n', at: 'reading', says: /not ours/ },
  {
    name: 'half a text',
    text: 'confirm',
    from: /goto b\/forward(?:.|\n)*/,
    to: 'goto',
    at: 'reading',
    says: /confirm: expected/,
  },
];

/** In a change from slot a, which sends nothing elsewhere, to a policy that does. */
const REDIRECT_PLANTS: readonly Plant[] = [
  {
    name: 'redirects without the switch',
    text: 'begin',
    from: /^insert rule .* redirects .*\n/m,
    to: '',
    at: 'on trial',
    says: STANDS,
  },
  {
    name: 'a switch that lets them be',
    text: 'begin',
    from: /goto b\/redirects/,
    to: 'accept',
    at: 'on trial',
    says: STANDS,
  },
  {
    name: 'another listener, as open as the right one',
    text: 'begin',
    from: /127\.0\.0\.1:3129/,
    to: '127.0.0.1:3128',
    at: 'on trial',
    says: /sends elsewhere/,
  },
  { name: 'one family not sent', text: 'begin', from: /dnat ip6 to \S+/, to: 'accept', at: 'confirmed', says: LESS },
  {
    name: 'a redirect that outlives its trial',
    text: 'begin',
    from: /create set/,
    to: 'add rule inet portcullis redirects meta nfproto ipv4 tcp dport 443 dnat ip to 127.0.0.1:3129\ncreate set',
    at: 'expired',
    says: STANDS,
  },
  {
    name: 'redirects not confirmed',
    text: 'confirm',
    from: /goto b\/redirects.*/,
    to: '',
    at: 'confirmed',
    says: STANDS,
  },
  {
    name: 'redirects left by a revert',
    text: 'revert',
    from: /^delete chain inet portcullis redirects\n/m,
    to: '',
    at: 'reverted',
    says: STANDS,
  },
];

describe('a planted fault is found', () => {
  const first = stage(ABSENT, agent, 60);
  const before = follow(ABSENT, first.begin, first.confirm);
  const texts = stage(before, everything, 60);

  const toGateway = stage(before, gateway, 60);
  const all = [
    ...PLANTS.map((plant) => ({ ...plant, policy: everything, sound: texts })),
    ...REDIRECT_PLANTS.map((plant) => ({ ...plant, policy: gateway, sound: toGateway })),
  ];
  for (const { name, text, from, to, at, says, policy, sound } of all) {
    test(name, () => {
      const planted = { ...sound, [text]: sound[text].replace(from, to) };
      assert.notEqual(planted[text], sound[text], 'nothing was planted');
      const faults = prove(before, policy, planted);
      const found = faults.some((fault) => fault.at === at && says.test(fault.problem));
      assert.ok(found, JSON.stringify(faults.map((fault) => [fault.at, fault.problem])));
      for (const { problem, witness } of faults) if (/lets through/.test(problem)) assert.ok(witness !== undefined);
    });
  }

  test('a second change is refused while a trial runs, also one that was planned on what an older trial left', () => {
    const left = follow(before, texts.begin, 'flush set inet portcullis trial');
    const again = stage(left, everything, 60);
    const careless = { ...again, begin: again.begin.replace(/^create element.*\n/, '') };
    assert.notEqual(careless.begin, again.begin);
    assert.match(JSON.stringify(prove(left, everything, careless)), /second change/);
  });
});
