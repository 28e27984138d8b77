import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asksSwitch, foreignLines } from './own-chains.ts';

function transaction(...lines: readonly string[]): string {
  return `*filter\n${lines.map((line) => `${line}\n`).join('')}COMMIT\n`;
}

describe('a text is given to iptables-restore where each line is about a chain of ours', () => {
  const accepted: readonly string[] = [
    ':PORTCULLIS-INPUT - [0:0]',
    ':PC-b-input-tcp - [0:0]',
    '-A PORTCULLIS-INPUT -m set --match-set portcullis-trial src -m comment --comment "since \\"x\\", -M y" -g PC-b-input',
    '-A PC-a-input ! -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -m comment --comment ssh -j RETURN',
    '-A PC-input-deny -m limit --limit 10/second --limit-burst 20 -j NFLOG --nflog-group 86 --nflog-prefix "deny input "',
    '-A PC-output-deny -p tcp -j REJECT --reject-with tcp-reset',
    '-X PC-a-input',
    '# nothing',
  ];
  for (const line of accepted) {
    test(line.slice(0, 70), () => assert.deepEqual(foreignLines(transaction(line), 'by us'), []));
  }

  test('the jumps to our chains stand in texts for boot alone', () => {
    const text = transaction('-I INPUT 1 -j PORTCULLIS-INPUT');
    assert.deepEqual(foreignLines(text, 'in the text'), []);
    assert.equal(foreignLines(text, 'by us').length, 1);
  });
});

describe('a text is not given to iptables-restore', () => {
  const refused: readonly (readonly [line: string, why: RegExp])[] = [
    ['-A INPUT -j ACCEPT', /names no chain of ours/],
    [':INPUT DROP [0:0]', /no line that we give/],
    ['-P INPUT ACCEPT', /no line that we give/],
    ['-F', /names no chain of ours/],
    ['-X', /names no chain of ours/],
    ['-D DOCKER-USER 1', /no line that we give/],
    ['-I INPUT 1 -j DOCKER', /no line that we give/],
    ['-A PC-a-input -j DOCKER', /leads elsewhere/],
    ['-A PC-a-input -j SET --add-set others src', /leads elsewhere/],
    ['-A PC-a-input -j DNAT --to-destination 10.0.0.1', /leads elsewhere/],
    ['-A PC-a-input --modprobe=/tmp/x -j DROP', /has the option `--modprobe/],
    ['-A PC-a-input --mo /tmp/x -j DROP', /has the option `--mo`/],
    ['-A PC-a-input -M /tmp/x -j DROP', /has the option `-M`/],
    ['-A PC-a-input -t nat -j DROP', /has the option `-t`/],
    ['-A PC-a-input --ta nat -j DROP', /has the option `--ta`/],
    ['-A PC-a-input "--modprobe=/tmp/x" -j DROP', /an option in quotes/],
    ['-A PC-a-input -jDROP', /has the option/],
    ['-A PC-a-input -m comment --comment x"y -j DROP', /quote within a word/],
    ['-A PC-a-input -m comment --comment "x', /quote within a word/],
    ['-A PC-a-input -m comment --comment "a\tb" -j DROP', /control character/],
    ['-X PC-a-input PC-b-input', /goes on after its chain/],
    ['COMMIT', /not one transaction/],
    ['COMMIT\n*nat', /no line that we give/],
  ];
  for (const [line, why] of refused) {
    test(JSON.stringify(line.slice(0, 70)), () => {
      const [first] = foreignLines(transaction(line), 'by us');
      assert.ok(first !== undefined, 'it was taken');
      assert.match(first.why, why);
    });
  }
});

test('a change that the switch does not lead to is seen', () => {
  assert.ok(asksSwitch('-A PORTCULLIS-INPUT -m set --match-set portcullis-trial src -g PC-b-input\n'));
  assert.ok(!asksSwitch('-A PORTCULLIS-INPUT -g PC-b-input\n'));
  assert.ok(!asksSwitch('-A PORTCULLIS-INPUT -m set ! --match-set portcullis-trial src -g PC-b-input\n'));
  assert.ok(!asksSwitch('# -A PORTCULLIS-INPUT -m set --match-set portcullis-trial src -g PC-b-input\n'));
});
