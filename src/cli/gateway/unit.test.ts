import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gatewayUnit } from './unit.ts';

describe('the unit of a gateway', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['/etc/portcullis/portcullis.yaml', '/etc/portcullis/portcullis.yaml'],
    ['/home/an admin/p.yaml', '"/home/an admin/p.yaml"'],
    ['/srv/50%/$HOME/p.yaml', '/srv/50%%/$$HOME/p.yaml'],
    ['/srv/a"b\\c.yaml', '"/srv/a\\"b\\\\c.yaml"'],
  ];
  for (const [policy, written] of cases) {
    test(`starts the gateway of ${policy}`, () => {
      const unit = gatewayUnit({ node: '/usr/bin/node', main: '/opt/portcullis/main.js', policy });
      assert.ok(unit.includes(`\nExecStart=/usr/bin/node /opt/portcullis/main.js gateway run ${written}\n`), unit);
    });
  }
});
