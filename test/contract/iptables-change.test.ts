import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { afterSteps, type ChangeFault, proveIptablesChange } from '../../src/apply/index.ts';
import { foreignLines, marksTrial } from '../../src/enforcer/own-chains.ts';
import { parseAddress } from '../../src/net/index.ts';
import {
  type AliveConnection,
  chainNames,
  type IptablesProgram,
  iptablesPlain,
  iptablesStanding,
  liftOwn,
  policyOfText,
  type StagedStep,
  type StagedSteps,
  type SwitchedSteps,
  stageIptables,
  TARGETS,
  type WatchedSteps,
} from '../../src/target/index.ts';
import { AGENT_HOST, EVERYTHING, NOTHING, ROUTER } from './intents.ts';

const [agent, everything, nothing, router] = [AGENT_HOST, EVERYTHING, NOTHING, ROUTER].map(
  (intent) => TARGETS.iptables.lower(intent).ast,
) as [IptablesProgram, IptablesProgram, IptablesProgram, IptablesProgram];
const ABSENT: IptablesProgram = { tables: [], sets: [] };

const ALIVE: readonly AliveConnection[] = [
  { protocol: 6, src: parseAddress('192.0.2.7')!, sport: 40_000, dst: parseAddress('198.18.0.1')!, dport: 22 },
  { protocol: 17, src: parseAddress('2001:2::1')!, sport: 50_000, dst: parseAddress('2001:db8::7')!, dport: 53 },
];
const META = { by: 'alice', at: '2026-11-25T20:00:00Z', policyHash: 'f'.repeat(64), trialSeconds: 60 };

function staged(
  before: IptablesProgram,
  policy: IptablesProgram | undefined,
  heldBy: StagedSteps['heldBy'],
): StagedSteps {
  const stood = iptablesStanding(before);
  assert.ok(stood.kind === 'absent' || stood.kind === 'settled' || stood.kind === 'expired', stood.kind);
  return stageIptables(stood, { ...META, heldBy, alive: ALIVE, ...(policy === undefined ? {} : { policy }) });
}

function stage(before: IptablesProgram, policy: IptablesProgram | undefined): SwitchedSteps {
  const steps = staged(before, policy, 'kernel');
  assert.ok(steps.heldBy === 'kernel');
  return steps;
}

function watched(before: IptablesProgram, policy: IptablesProgram | undefined): WatchedSteps {
  const steps = staged(before, policy, 'process');
  assert.ok(steps.heldBy === 'process');
  return steps;
}

function textsOf(steps: StagedSteps): readonly string[] {
  return Object.values(steps).flatMap((step) => (typeof step === 'string' ? [] : [step.v4, step.v6]));
}

function follow(before: IptablesProgram, ...steps: readonly StagedStep[]): IptablesProgram {
  const { program, problems } = afterSteps(before, steps);
  assert.deepEqual(problems, []);
  assert.ok(program !== undefined);
  return program;
}

function prove(before: IptablesProgram, policy: IptablesProgram | undefined, steps: StagedSteps) {
  return proveIptablesChange({ before, alive: ALIVE, steps, ...(policy === undefined ? {} : { policy }) });
}

function begun(before: IptablesProgram, names: readonly ('begin' | 'on' | 'off')[]): StagedStep[] {
  const steps = watched(before, router);
  return names.map((name) => steps[name]);
}

/** What can stand before a change, each made by changes themselves. */
function starts(): readonly (readonly [string, IptablesProgram])[] {
  const first = stage(ABSENT, agent);
  const inA = follow(ABSENT, first.begin, first.confirm);
  const second = stage(inA, router);
  return [
    ['nothing', ABSENT],
    ['what `render` prints', agent],
    ['slot a', inA],
    ['slot b', follow(inA, second.begin, second.confirm)],
    ['what a first trial left', follow(ABSENT, first.begin)],
    ['what a second trial left', follow(inA, second.begin)],
    ['what a process left of a trial', follow(inA, ...begun(inA, ['begin', 'on', 'off']))],
  ];
}

describe('a change with iptables is proven', () => {
  const ends = { 'another policy': everything, 'no flow at all': nothing, 'nothing of ours': undefined };
  for (const [from, before] of starts()) {
    for (const [to, policy] of Object.entries(ends)) {
      if (from === 'nothing' && policy === undefined) continue;
      test(`from ${from} to ${to}, and the enforcer takes it`, () => {
        for (const heldBy of ['kernel', 'process'] as const) {
          const steps = staged(before, policy, heldBy);
          assert.deepEqual(prove(before, policy, steps), []);
          for (const text of textsOf(steps)) assert.deepEqual(foreignLines(text, 'by us'), []);
          if (steps.heldBy === 'process') assert.ok(marksTrial({ mechanism: 'iptables', ...steps }));
        }
      });
    }
  }
});

interface Plant {
  readonly name: string;
  readonly step: 'begin' | 'confirm' | 'revert';
  readonly family: 'v4' | 'v6';
  readonly from: RegExp;
  readonly to: string;
  readonly at: ChangeFault['at'];
  readonly says: RegExp;
}

const MORE = /lets through more/;
const LESS = /lets through less/;
const STANDS = /what stands is/;

/** Each alone in a change from slot a to another policy. */
const PLANTS: readonly Plant[] = [
  {
    name: 'a hook without the switch',
    step: 'begin',
    family: 'v6',
    from: /^-A PORTCULLIS-OUTPUT -m set .*\n/m,
    to: '',
    at: 'on trial',
    says: MORE,
  },
  {
    name: 'a switch that is turned round',
    step: 'begin',
    family: 'v4',
    from: /(-A PORTCULLIS-INPUT -m set) --match-set portcullis-trial src/,
    to: '$1 --match-set others src',
    at: 'on trial',
    says: /what stands is foreign/,
  },
  {
    name: 'what stood is led to no more',
    step: 'begin',
    family: 'v4',
    from: /^-A PORTCULLIS-FORWARD -m comment .*\n/m,
    to: '',
    at: 'expired',
    says: MORE,
  },
  {
    name: 'a rule less',
    step: 'begin',
    family: 'v4',
    from: /^-A PC-b-input-policy -s 192.* --comment tunnel -j RETURN\n/m,
    to: '',
    at: 'on trial',
    says: LESS,
  },
  {
    name: 'a rule more',
    step: 'begin',
    family: 'v6',
    from: /^(?=-A PC-b-forward-deny )/m,
    to: '-A PC-b-forward-deny -p tcp -m tcp --dport 23 -j RETURN\n',
    at: 'on trial',
    says: MORE,
  },
  {
    name: 'what stood is changed on the way',
    step: 'begin',
    family: 'v4',
    from: /^:PC-b-input - .*\n/m,
    to: '$&:PC-a-input - [0:0]\n',
    at: 'expired',
    says: MORE,
  },
  {
    name: 'a confirmation that keeps the old policy in one family',
    step: 'confirm',
    family: 'v6',
    from: /-g PC-b-input$/m,
    to: '-g PC-a-input',
    at: 'confirmed',
    says: /there is no chain|still led to|cannot be taken away|what stands/,
  },
  {
    name: 'a revert that keeps the new policy',
    step: 'revert',
    family: 'v4',
    from: /^(-A PORTCULLIS-INPUT .*) -g PC-a-input$/m,
    to: '$1 -g PC-b-input',
    at: 'reverted',
    says: /still led to|there is no chain|what stands/,
  },
  {
    name: 'a chain that is taken away while it is led to',
    step: 'confirm',
    family: 'v4',
    from: /^(?=COMMIT)/m,
    to: '-X PC-b-input-deny\n',
    at: 'confirmed',
    says: /cannot be taken away|still led to/,
  },
  {
    name: 'a way into our chains beside the hooks',
    step: 'begin',
    family: 'v4',
    from: /^(?=-A PC-b-input )/m,
    to: '-A PC-b-input -j PC-a-input\n',
    at: 'on trial',
    says: /led to in another way/,
  },
];

describe('a mistake in a change with iptables is found', () => {
  const [, , [, before]] = starts() as [unknown, unknown, readonly [string, IptablesProgram]];
  const steps = stage(before, everything);
  for (const { name, step, family, from, to, at, says } of PLANTS) {
    test(name, () => {
      const text = steps[step][family];
      const planted = text.replace(from, to);
      assert.notEqual(planted, text, 'nothing was planted');
      const faults = prove(before, everything, { ...steps, [step]: { ...steps[step], [family]: planted } });
      const found = faults.filter((fault) => fault.at === at && says.test(fault.problem));
      assert.ok(found.length > 0, JSON.stringify(faults.map((fault) => `${fault.at}: ${fault.problem}`)));
    });
  }

  test('hooks that go too early', () => {
    const faults = prove(before, everything, { ...steps, confirm: { ...steps.confirm, hooked: false } });
    assert.ok(faults.some(({ at, problem }) => at === 'confirmed' && MORE.test(problem)));
  });
});

/** Each alone in the same change, kept by a process. */
const WATCHED_PLANTS: readonly (Omit<Plant, 'step'> & { readonly step: keyof Omit<WatchedSteps, 'heldBy'> })[] = [
  {
    name: 'what stood is changed before the trial',
    step: 'begin',
    family: 'v6',
    from: /^:PC-trial - .*\n/m,
    to: '$&:PC-a-output - [0:0]\n',
    at: 'begun',
    says: MORE,
  },
  {
    name: 'a hook that stays with what stood',
    step: 'on',
    family: 'v4',
    from: /^-A PORTCULLIS-INPUT .* -g PC-b-input\n/m,
    to: '',
    at: 'on trial',
    says: /lets through|what stands/,
  },
  {
    name: 'an end that leaves one hook on trial',
    step: 'off',
    family: 'v6',
    from: /^(-A PORTCULLIS-OUTPUT .*) -g PC-a-output$/m,
    to: '$1 -g PC-b-output',
    at: 'expired',
    says: /lets through|what stands/,
  },
  {
    name: 'a revert that leaves the mark',
    step: 'revert',
    family: 'v4',
    from: /^-X PC-trial\n/m,
    to: '',
    at: 'reverted',
    says: STANDS,
  },
];

describe('a mistake in a change that a process keeps is found', () => {
  const [, , [, before]] = starts() as [unknown, unknown, readonly [string, IptablesProgram]];
  const steps = watched(before, everything);
  for (const { name, step, family, from, to, at, says } of WATCHED_PLANTS) {
    test(name, () => {
      const text = steps[step][family];
      const planted = text.replace(from, to);
      assert.notEqual(planted, text, 'nothing was planted');
      const faults = prove(before, everything, { ...steps, [step]: { ...steps[step], [family]: planted } });
      const found = faults.filter((fault) => fault.at === at && says.test(fault.problem));
      assert.ok(found.length > 0, JSON.stringify(faults.map((fault) => `${fault.at}: ${fault.problem}`)));
    });
  }
});

describe('what is loaded at boot', () => {
  test('is the policy, and is read back under its own names', () => {
    const texts = iptablesPlain(everything, 'a', chainNames(nothing, 'b'));
    const read = policyOfText(texts);
    assert.ok(read !== undefined);
    const meaning = (program: IptablesProgram) =>
      JSON.stringify(liftOwn(program, 'standing').ruleset.tables, (key, value: unknown) =>
        key === 'origin' || typeof value === 'bigint' ? String(value) : value,
      );
    assert.equal(meaning(read), meaning(everything));
    for (const text of [texts.v4, texts.v6]) assert.deepEqual(foreignLines(text, 'in the text'), []);
  });

  test('takes the place of the lock-down in one transaction', () => {
    const lockdown = iptablesPlain(nothing, 'b', []);
    const { program, problems } = afterSteps(ABSENT, [
      { ...withoutHooks(lockdown), hooked: true },
      { ...withoutHooks(iptablesPlain(agent, 'a', chainNames(nothing, 'b'))), hooked: true },
    ]);
    assert.deepEqual(problems, []);
    assert.ok(program !== undefined);
    const stands = iptablesStanding(program);
    assert.ok(stands.kind === 'settled' && stands.layout === 'a', STANDS.source);
    assert.ok(stands.chains[4].every(({ name }) => !name.startsWith('PC-b-')));
  });
});

function withoutHooks({ v4, v6 }: { readonly v4: string; readonly v6: string }) {
  const without = (text: string): string => text.replaceAll(/^-I .*\n/gm, '');
  return { v4: without(v4), v6: without(v6) };
}
