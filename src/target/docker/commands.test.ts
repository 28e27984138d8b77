import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { prefix } from '../../net/index.ts';
import { networkCommands, shellWord } from './commands.ts';

describe('commands for networks that no Compose file makes', () => {
  test('each where there is none of its name', () => {
    const text = networkCommands([
      {
        network: {
          name: 'agents',
          zones: ['agents'],
          subnets: [prefix('172.31.7.0/24'), prefix('fd00:7::/64')],
          bridge: 'pc-agents',
          maker: 'command',
        },
        icc: false,
        internal: true,
      },
      {
        network: { name: 'tools', zones: ['tools'], subnets: [prefix('172.31.8.0/24')], maker: 'command' },
        icc: true,
        internal: false,
      },
    ]);
    assert.equal(
      text.split('\n').slice(3).join('\n'),
      `set -eu
docker network inspect agents >/dev/null 2>&1 || docker network create --driver bridge --subnet 172.31.7.0/24 --subnet fd00:7::/64 --ipv6 --internal --opt com.docker.network.bridge.name=pc-agents --opt com.docker.network.bridge.enable_icc=false agents >/dev/null
docker network inspect tools >/dev/null 2>&1 || docker network create --driver bridge --subnet 172.31.8.0/24 tools >/dev/null
`,
    );
  });

  test('a shell reads every word as it is', () => {
    const word = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0') && text.isWellFormed());
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
        const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`], {
          encoding: 'utf8',
        });
        assert.deepEqual(stdout.split('\0').slice(0, -1), words);
      }),
      { numRuns: 50 },
    );
  });
});
