import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { portcullis } from '../cli/cli.ts';

/**
 * The requirements' own commands of ufw, read as the lists that they are. What is wrong with each, as their corrections say it, with the code
 * that says it and a word of the line that it is said of; no word where it is said of the whole.
 */
const FAULTS: Readonly<Record<string, readonly (readonly [fault: string, code: string, line: string])[]>> = {
  'ufw-section4': [
    ['enabled before SSH is let in: a lock-out', 'N0416', 'ufw enable'],
    ['not UFW syntax: Wrong number of arguments', 'N0413', 'allow out 443/tcp to any'],
    ['outgoing is allowed already: the allow-out rule does nothing', 'A0003', 'allow out 53/udp'],
    ['no egress filter', 'A1101', ''],
    ['no rate limiting, although ufw has `limit`', 'A1007', 'allow 22/tcp'],
    ['SSH from anywhere', 'A1003', 'allow 22/tcp'],
  ],
  'ufw-section5': [
    ['reset asks, and in a pipe answers `Aborted` with exit 0', 'N0417', 'ufw reset'],
    ['reset leaves the machine without a firewall', 'N0418', 'ufw reset'],
    ['a default policy on a live ufw opens it for most of a second', 'N0418', 'default deny outgoing'],
    ['what is no command of ufw is named, not passed over', 'N0415', 'tail -f'],
    ['HTTPS to anywhere', 'A1102', 'allow out 443/tcp'],
    ['DNS to anywhere', 'A1103', 'allow out 53/udp'],
    ['DNS by UDP only', 'A1104', 'allow out 53/udp'],
  ],
  'ufw-section6': [
    ['rules without `enable`: nothing is enforced', 'N0404', ''],
    ['so that everything is open', 'A1001', ''],
    ['both ways', 'A1101', ''],
  ],
};

for (const [name, faults] of Object.entries(FAULTS)) {
  suite(name, async () => {
    const text = readFileSync(new URL(`requirements/${name}.sh`, import.meta.url), 'utf8');
    const ran = await portcullis(['audit', 'commands.sh', '--verbose'], { files: { 'commands.sh': text } });
    const said = `${ran.stderr}\n${ran.stdout}`;
    for (const [fault, code, line] of faults) {
      test(`${fault}: ${code}`, () => {
        const parts = said.split(/^(?=\S)/m).filter((part) => part.includes(code));
        assert.ok(
          parts.some((part) => part.includes(line)),
          said,
        );
      });
    }
  });
}
