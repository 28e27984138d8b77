import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchUnit } from './unit.ts';

test('the unit of docker watch begins before Docker, behind the rules, and quotes what it is given', () => {
  const unit = watchUnit({ node: '/usr/bin/node', main: '/opt/my portcullis/main.js', policy: '/etc/100%/p.yaml' });
  assert.match(
    unit,
    /^ExecStart=\/usr\/bin\/node "\/opt\/my portcullis\/main\.js" docker watch \/etc\/100%%\/p\.yaml$/m,
  );
  assert.match(unit, /^After=portcullis\.service$/m);
  assert.match(unit, /^Before=docker\.service$/m);
  assert.match(unit, /^Restart=always$/m);
});
