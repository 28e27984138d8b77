import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAddress } from '../../net/index.ts';
import { SourceFile } from '../../source/index.ts';
import { printNote } from '../netfilter/change-note.ts';
import {
  type Changeable,
  clearTrial,
  nftablesTarget,
  type Program,
  readCommands,
  stageChange,
  standing,
} from './index.ts';

/** A policy as small as one can be: a flow with a rate and a flow to a name, for whoever reads these tests. */
function policy(flow: string, rate = 6): Program {
  return program(`table inet portcullis {
	counter flow-${flow} { }
	counter flow-idle { }
	counter denied_input { }

	set names4-zone {
		type ipv4_addr
		flags timeout
	}

	set rate4-${rate}-minute-${flow} {
		type ipv4_addr
		size 65535
		flags dynamic,timeout
		timeout 1m
	}

	map input-ip-ports {
		type inet_service : verdict
		elements = {
			22 : jump rate-${flow}
		}
	}

	chain input {
		type filter hook input priority filter - 5; policy drop;
		ct state established accept
		tcp dport vmap @input-ip-ports
		counter name "denied_input" drop
	}

	chain output {
		type filter hook output priority filter - 5; policy drop;
		ip daddr @names4-zone accept
		drop
	}

	chain forward {
		type filter hook forward priority filter - 5; policy drop;
		drop
	}

	chain rate-${flow} {
		update @rate4-${rate}-minute-${flow} { ip saddr limit rate ${rate}/minute burst 5 packets } counter name "flow-${flow}" accept
	}
}
`);
}

function program(text: string): Program {
  const { ast, diagnostics } = nftablesTarget.parse([new SourceFile('policy.nft', text)]);
  assert.ok(ast !== undefined, JSON.stringify(diagnostics.map(({ message }) => message)));
  return ast;
}

/** What stands after texts were loaded one after the other. */
function after(before: Program, ...texts: string[]): Program {
  const { ast } = readCommands(texts.map((text) => new SourceFile('change.nft', text)));
  assert.ok(ast !== undefined);
  return { commands: [...before.commands, ...ast.commands] };
}

function changeable(before: Program): Changeable {
  const stood = standing(before);
  assert.ok(stood.kind === 'absent' || stood.kind === 'settled' || stood.kind === 'expired', stood.kind);
  return stood;
}

const META = { by: 'alice', at: '2026-11-25T20:00:00.123Z', policyHash: 'f'.repeat(64), alive: [] };
const NOTHING: Program = { commands: [] };
const EXPIRY = 'flush set inet portcullis trial';
const NOTE = `since 2026-11-25T20:00:00Z, policy ${'f'.repeat(64)}, by alice`;

describe('a change from one policy to another', () => {
  const before = after(NOTHING, stageChange({ kind: 'absent' }, { ...META, policy: policy('ssh') }).begin);
  const texts = stageChange(changeable(before), { ...META, policy: policy('web'), trialSeconds: 60 });

  test('begins beside what stands, behind the switch', () => {
    assert.equal(
      texts.begin,
      `table inet portcullis {
	counter flow-web { }

	set rate4-6-minute-web {
		type ipv4_addr
		size 65535
		flags dynamic,timeout
		timeout 1m
	}

	map b/input-ip-ports {
		type inet_service : verdict
		elements = {
			22 : jump b/rate-web
		}
	}

	chain b/input {
		ct state established accept
		tcp dport vmap @b/input-ip-ports
		counter name "denied_input" drop
	}

	chain b/output {
		ip daddr @names4-zone accept
		drop
	}

	chain b/forward {
		drop
	}

	chain b/rate-web {
		update @rate4-6-minute-web { ip saddr limit rate 6/minute burst 5 packets } counter name "flow-web" accept
	}
}
create set inet portcullis trial {
	typeof meta nfproto
	flags timeout
	comment "since 2026-11-25T20:00:00Z, for 60 s, by alice"
}
add element inet portcullis trial { ipv4 timeout 1m, ipv6 timeout 1m }
insert rule inet portcullis input meta nfproto @trial goto b/input comment "${NOTE}"
insert rule inet portcullis output meta nfproto @trial goto b/output comment "${NOTE}"
insert rule inet portcullis forward meta nfproto @trial goto b/forward comment "${NOTE}"
`,
    );
  });

  const frame = (slot: string): string => `table inet portcullis {
	chain input {
		type filter hook input priority filter - 5; policy drop;
		goto ${slot}/input comment "${NOTE}"
	}

	chain output {
		type filter hook output priority filter - 5; policy drop;
		goto ${slot}/output comment "${NOTE}"
	}

	chain forward {
		type filter hook forward priority filter - 5; policy drop;
		goto ${slot}/forward comment "${NOTE}"
	}
}
`;
  const removal = (slot: string, flow: string): string => `flush chain inet portcullis input
flush chain inet portcullis output
flush chain inet portcullis forward
flush chain inet portcullis ${slot}/input
flush chain inet portcullis ${slot}/output
flush chain inet portcullis ${slot}/forward
flush chain inet portcullis ${slot}/rate-${flow}
`;

  test('is confirmed while it is on trial only', () => {
    assert.equal(
      texts.confirm,
      `delete element inet portcullis trial { ipv4, ipv6 }
${removal('a', 'ssh')}delete set inet portcullis rate4-6-minute-ssh
delete map inet portcullis a/input-ip-ports
delete set inet portcullis trial
delete chain inet portcullis a/input
delete chain inet portcullis a/output
delete chain inet portcullis a/forward
delete chain inet portcullis a/rate-ssh
delete counter inet portcullis flow-ssh
${frame('b')}`,
    );
  });

  test('is taken back to what stood', () => {
    assert.equal(
      texts.revert,
      `${removal('b', 'web')}delete set inet portcullis rate4-6-minute-web
delete map inet portcullis b/input-ip-ports
delete set inet portcullis trial
delete chain inet portcullis b/input
delete chain inet portcullis b/output
delete chain inet portcullis b/forward
delete chain inet portcullis b/rate-web
delete counter inet portcullis flow-web
${frame('a')}`,
    );
  });

  test('can be cleared away by whoever finds what it left', () => {
    const left = standing(after(before, texts.begin, EXPIRY));
    assert.equal(left.kind, 'expired');
    assert.equal(clearTrial(left), texts.revert);
  });
});

describe('what is learnt', () => {
  const before = after(NOTHING, stageChange({ kind: 'absent' }, { ...META, policy: policy('ssh') }).begin);

  test('is shared by both policies, and neither made nor deleted', () => {
    const texts = stageChange(changeable(before), { ...META, policy: policy('ssh'), trialSeconds: 60 });
    for (const text of Object.values(texts))
      assert.doesNotMatch(text, /(?:counter|set) (?:inet portcullis )?(?:flow|names|rate)/);
  });

  test('but not with another rate, because elements keep the one that they were made with', () => {
    const { begin } = stageChange(changeable(before), { ...META, policy: policy('ssh', 7), trialSeconds: 60 });
    assert.match(begin, /^\tset rate4-7-minute-ssh /m);
    assert.doesNotMatch(begin, /rate4-6/);
  });
});

describe('what stands is told from names alone', () => {
  const plain = policy('ssh');
  const first = stageChange({ kind: 'absent' }, { ...META, policy: plain, trialSeconds: 60 });
  const second = stageChange(changeable(plain), { ...META, policy: policy('web'), trialSeconds: 30 });
  const away = stageChange(changeable(plain), { ...META, trialSeconds: 30 });
  const cases: readonly (readonly [string, Program, Record<string, unknown>])[] = [
    ['nothing', NOTHING, { kind: 'absent' }],
    ["other people's tables", program('table ip portcullis { chain x { drop; } }'), { kind: 'absent' }],
    ['what render prints', plain, { kind: 'settled', layout: 'plain' }],
    ['a first trial', after(NOTHING, first.begin), { kind: 'trial', layout: 'nothing', candidate: 'a' }],
    ['one that is over', after(NOTHING, first.begin, EXPIRY), { kind: 'expired', layout: 'nothing', candidate: 'a' }],
    ['one that was confirmed', after(NOTHING, first.begin, first.confirm), { kind: 'settled', layout: 'a' }],
    ['a second trial', after(plain, second.begin), { kind: 'trial', layout: 'plain', candidate: 'a' }],
    ['one of no rules', after(plain, away.begin), { kind: 'trial', layout: 'plain', candidate: 'nothing' }],
    ['what went away', after(plain, away.begin, away.confirm), { kind: 'absent' }],
  ];
  for (const [title, found, expected] of cases) {
    test(title, () => {
      const { kind, ...rest } = standing(found);
      const { layout, candidate } = { layout: undefined, candidate: undefined, ...rest };
      assert.deepEqual({ kind, layout, candidate }, { layout: undefined, candidate: undefined, ...expected });
    });
  }

  test('with who, when, and which policy', () => {
    const stood = standing(after(plain, second.begin));
    assert.ok(stood.kind === 'trial');
    const policyHash = 'f'.repeat(64);
    assert.deepEqual(stood.candidateNote, { by: 'alice', since: '2026-11-25T20:00:00Z', policyHash, trialSeconds: 30 });
    const settled = standing(after(plain, second.begin, second.confirm));
    assert.ok(settled.kind === 'settled');
    assert.deepEqual(settled.note, { by: 'alice', since: '2026-11-25T20:00:00Z', policyHash });
  });

  const foreign: readonly (readonly [string, string, RegExp])[] = [
    ['a chain of others', 'add chain inet portcullis mine', /chain `mine`/],
    ['a set of others', 'add set inet portcullis mine { type ipv4_addr; }', /set or map `mine`/],
    ['a counter of others', 'add counter inet portcullis mine { }', /counter `mine`/],
    ['a limit', 'add limit inet portcullis mine { rate 1/second; }', /limit `mine`/],
    [
      'another base chain',
      'add chain inet portcullis pre { type filter hook prerouting priority 0; }',
      /other base chains/,
    ],
    ['a missing base chain', 'delete chain inet portcullis forward', /`forward` is missing/],
    ['a slot that nothing leads to', 'add chain inet portcullis b/input', /slot b/],
    ['a trial without its rules', 'add set inet portcullis trial { typeof meta nfproto; flags timeout; }', /not both/],
    [
      'redirects at another place',
      'table inet portcullis { chain redirects { type nat hook prerouting priority -100; policy accept; tcp dport 1 dnat ip to 127.0.0.1:2; } }',
      /`redirects` leads elsewhere/,
    ],
    [
      'redirects that filter',
      'table inet portcullis { chain redirects { type filter hook output priority -100; policy accept; accept; } }',
      /`redirects` leads elsewhere/,
    ],
    [
      'redirects without a rule',
      'table inet portcullis { chain redirects { type nat hook output priority -100; policy accept; } }',
      /`redirects` leads elsewhere/,
    ],
    ['hooks that differ', 'flush chain inet portcullis output', /do not lead to the same/],
  ];
  for (const [title, command, reason] of foreign) {
    test(`not ours: ${title}`, () => {
      const stood = standing(after(plain, command));
      assert.ok(stood.kind === 'foreign');
      assert.match(stood.reason, reason);
    });
  }
});

describe('connections that were alive', () => {
  const ends = { src: parseAddress('10.0.0.1')!, sport: 40_000, dst: parseAddress('10.0.0.2')!, dport: 22 };
  const { begin } = stageChange(
    { kind: 'absent' },
    {
      ...META,
      policy: policy('ssh'),
      alive: [
        { protocol: 6, ...ends },
        { protocol: 6, ...ends },
      ],
    },
  );

  test('are held in both directions, once, for a day, and asked for before all else', () => {
    assert.match(
      begin,
      /elements = \{\n\t*10\.0\.0\.1 \. 10\.0\.0\.2 \. 6 \. 40000 \. 22 timeout 1d,\n\t*10\.0\.0\.2 \. 10\.0\.0\.1 \. 6 \. 22 \. 40000 timeout 1d\n/,
    );
    for (const hook of ['input', 'output']) {
      assert.match(
        begin,
        new RegExp(`chain a/${hook} \\{\\n\\t*ct state new,invalid,untracked tcp flags ! syn ip saddr`),
      );
    }
    assert.doesNotMatch(begin, /alive6|chain a\/forward \{\n.*alive/);
  });
});

test('a note is cut to what the kernel holds, and no name can say more than a name', () => {
  const note = printNote({
    by: `a"; drop\n\\é${'x'.repeat(200)}`,
    since: META.at,
    policyHash: META.policyHash,
    trialSeconds: 86_400,
  });
  assert.ok(new TextEncoder().encode(note).length <= 128);
  assert.match(note, /, by a\?; drop/);
  assert.doesNotMatch(note, /["\\\n]/);
});
