import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { portcullis } from './cli.ts';
import { COMPOSE, CORPUS, compose, OPENCLAW, OPERATORS, override, policy, renderDocker } from './render-docker.ts';

describe('render docker', () => {
  /** `UPDATE_GOLDEN=1` writes it anew, and the change is reviewed. */
  test('OpenClaw, as people read it', async () => {
    const golden = new URL('openclaw-rendered.txt', CORPUS);
    const { exitCode, stdout, stderr } = await portcullis(['render', 'docker', '--docker', 'compose.yml'], {
      files: { 'compose.yml': COMPOSE, 'portcullis.yaml': OPENCLAW },
    });
    assert.equal(exitCode, 0, stderr);
    const text = `${stdout}\n${stderr}`;
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, text);
    assert.ok(existsSync(golden), `${golden.pathname} is missing; write it with UPDATE_GOLDEN=1`);
    assert.equal(text, readFileSync(golden, 'utf8'));
  });

  const ports: readonly (readonly [name: string, flow: string, port: string, expected: unknown])[] = [
    ['another machine', `from: ${OPERATORS}, to: web, service: tcp/80`, '8080:80', undefined],
    ['the internet', 'from: internet, to: web, service: tcp/80', '8080:80', undefined],
    ['private addresses', 'from: private, to: web, service: tcp/80', '8080:80', undefined],
    ['this machine', 'from: host, to: web, service: tcp/80', '8080:80', ['127.0.0.1']],
    ['this machine, where it is so', 'from: host, to: web, service: tcp/80', '127.0.0.1:8080:80', undefined],
    ['itself', 'from: web, to: web, service: tcp/80', '8080:80', []],
    ['another port', `from: ${OPERATORS}, to: web, service: tcp/81`, '8080:80', []],
    ['another protocol', `from: ${OPERATORS}, to: web, service: udp/80`, '8080:80', []],
    ['the machine’s port', `from: ${OPERATORS}, to: web, service: tcp/8080`, '8080:80', []],
    ['the machine', `from: ${OPERATORS}, to: host, service: tcp/8080`, '8080:80', []],
    ['one family', 'from: "2001:db8:5::/64", to: web, service: tcp/80', '0.0.0.0:8080:80', []],
    ['the other', `from: ${OPERATORS}, to: web, service: tcp/80`, '0.0.0.0:8080:80', undefined],
  ];
  for (const [name, flow, port, expected] of ports) {
    test(`a port that is open to ${name}`, async () => {
      const { file } = await override(policy([flow]), compose(`ports: ["${port}"]`));
      const found = file.services.web.ports;
      const addresses = found?.map((each: { readonly host_ip?: string }) => each.host_ip);
      assert.deepEqual(addresses, expected);
    });
  }

  test('a rate, a router that lets everything pass, an account', async () => {
    const limited = policy([`from: ${OPERATORS}, to: web, service: tcp/80, rate: 6/minute per source`]);
    assert.equal((await override(limited, compose('ports: ["8080:80"]'))).file.services.web.ports, undefined);
    const router = `${policy([])}  []\nbaseline: { forwarding: true }\n`;
    assert.equal((await override(router, compose('ports: ["8080:80"]'))).file.services.web.ports, undefined);
    const account = policy(
      ['from: agent, to: web, service: tcp/80'],
      '  web: { docker: { service: web } }\n  agent: { host: { users: [998] } }',
    );
    const { file, codes } = await override(account, compose('ports: ["8080:80"]'));
    assert.equal(file.services.web.ports[0].host_ip, '127.0.0.1');
    assert.deepEqual(codes, ['K0015'], 'through Docker’s proxy it is root that goes there');
  });

  test('a network that a zone lays out, closed where no flow leads', async () => {
    const zones =
      '  web: { docker: { network: n, subnets: [172.31.7.0/24, "fd00:7::/64"], bridge: pc-n, service: web } }\n  db: { docker: { network: n, service: db } }';
    const two = compose('networks: [default, back]', '  db: { image: db }\nnetworks: { back: {} }\n');
    const closed = await override(policy([], zones).replace('flows:\n', ''), two);
    assert.deepEqual(closed.file.services.db.networks, ['n']);
    assert.deepEqual(closed.file.services.web.networks, ['n']);
    assert.deepEqual(closed.codes, ['K0017'], 'it stays on its own networks too');
    assert.deepEqual(closed.file.networks, {
      n: {
        name: 'n',
        driver: 'bridge',
        driver_opts: { 'com.docker.network.bridge.name': 'pc-n', 'com.docker.network.bridge.enable_icc': 'false' },
        internal: true,
        enable_ipv6: true,
        ipam: { config: [{ subnet: '172.31.7.0/24' }, { subnet: 'fd00:7::/64' }] },
      },
    });
    const within = await override(policy(['from: web, to: db, service: tcp/5432'], zones), two);
    assert.deepEqual(within.file.networks.n.driver_opts, { 'com.docker.network.bridge.name': 'pc-n' });
    assert.equal(within.file.networks.n.internal, true);
    for (const flow of [
      'from: web, to: internet, service: https',
      'from: web, to: host, service: tcp/53',
      'from: internet, to: db, service: tcp/80',
    ]) {
      const { file } = await override(policy([flow], zones), two);
      assert.equal(file.networks.n.internal, undefined, flow);
    }
    const served = policy(['from: host, to: db, service: tcp/80'], zones);
    const published = two.replace('{ image: db }', '{ image: db, ports: ["80:80"] }');
    assert.equal((await override(served, published)).file.networks.n.internal, undefined, 'a port leads to it');
  });

  test('a network that the Compose file has, or leaves to others, or has another of its name', async () => {
    const zones = '  web: { docker: { network: n, subnets: [172.31.7.0/24], service: web } }';
    const text = policy(['from: web, to: internet, service: https'], zones);
    const own = await override(
      text,
      compose('networks: [net]', 'networks: { net: { name: n, ipam: { config: [{ subnet: 10.9.0.0/24 }] } } }\n'),
    );
    assert.deepEqual(own.file.networks.net.ipam, { config: [{ subnet: '172.31.7.0/24' }] });
    assert.equal(own.file.services.web.networks, undefined, 'it is on it');
    const external = await override(
      text,
      compose('networks: [net]', 'networks: { net: { name: n, external: true } }\n'),
    );
    assert.match(external.script, /docker network create .* n >/);
    assert.deepEqual(external.file.networks, { net: { name: 'n', external: true } });
    const other = await override(text, compose('', 'networks: { n: {} }\n'));
    assert.deepEqual(other.file.services.web.networks, ['portcullis-n']);
    assert.equal(other.file.networks['portcullis-n'].name, 'n');
  });

  test('a service is put on the network of a zone that is a network', async () => {
    const zones = '  n: { docker: { network: n, subnets: [172.31.7.0/24], bridge: pc-n } }';
    const text = policy([`from: ${OPERATORS}, to: n, service: tcp/80`], zones);
    const web = compose('ports: ["80:80"]');
    assert.deepEqual((await override(text, web)).file.services.web.ports, [], 'it is nowhere');
    const { file } = await override(text, web, '--put', 'web=n');
    assert.deepEqual([file.services.web.networks, file.services.web.ports], [['n'], undefined]);
    for (const put of ['web', 'web=none', 'none=n', 'web=n=n']) {
      const ran = await renderDocker(text, web, '--put', put);
      assert.equal(ran.exitCode, 2, put);
    }
  });

  test('powers: those that let a container pass for another go, unless it asks for them', async () => {
    const text = policy([`from: ${OPERATORS}, to: web, service: tcp/80`]);
    const plain = await override(text, compose('ports: ["80:80"]'));
    assert.deepEqual(plain.file.services.web, { cap_drop: ['NET_ADMIN', 'NET_RAW'] });
    const asking = await override(text, compose('ports: ["80:80"]\ncap_add: [CAP_NET_RAW]'));
    assert.deepEqual([asking.file.services.web, asking.codes], [{ cap_drop: ['NET_ADMIN'] }, ['K0016']]);
    const bare = await override(text, compose('ports: ["80:80"]\ncap_drop: [ALL]'));
    assert.deepEqual(bare.file, { services: {} }, 'there is nothing to say');
    const hardened = await override(text, compose('ports: ["80:80"]\ntmpfs: /tmp'), '--harden');
    assert.deepEqual(hardened.file.services.web, {
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      read_only: true,
    });
  });

  test('without a Compose file: networks alone', async () => {
    const text = policy([], '  n: { docker: { network: n, subnets: [172.31.7.0/24], bridge: pc-n } }').replace(
      'flows:\n',
      '',
    );
    const ran = await portcullis(['render', 'docker', '--docker', 'daemon.json'], {
      files: { 'portcullis.yaml': text, 'daemon.json': '{ "icc": false }' },
    });
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.match(ran.stdout, /^docker network inspect n .*--internal --opt com\.docker\.network\.bridge\.name=pc-n/m);
  });

  const zones = (docker: string): string =>
    policy(['from: web, to: internet, service: https'], `  web: { docker: ${docker} }`);
  const stops: readonly (readonly [string, string, string, code: string])[] = [
    [
      'nothing to say',
      policy(['from: host, to: 10.0.0.1, service: ssh'], '  x: { addresses: 10.0.0.2 }'),
      '{ "icc": true }',
      'K0010',
    ],
    [
      'another file that is not read',
      zones('{ service: web }'),
      compose('extends: { file: x.yml, service: y }'),
      'K0012',
    ],
    ['files that are included', zones('{ service: web }'), compose('', 'include: [x.yml]\n'), 'K0012'],
    ['a name that is none', zones('{ network: "a b", subnets: [172.31.7.0/24], service: web }'), compose(''), 'K0013'],
    [
      'two prefixes of a family',
      zones('{ network: n, subnets: [172.31.7.0/24, 172.31.9.0/24], service: web }'),
      compose(''),
      'K0013',
    ],
    ['no prefix', zones('{ network: n, subnets: [172.31.7.1-172.31.7.9], service: web }'), compose(''), 'K0013'],
    [
      'another driver',
      zones('{ network: n, subnets: [172.31.7.0/24], service: web }'),
      compose('networks: [n]', 'networks: { n: { name: n, driver: macvlan } }\n'),
      'K0013',
    ],
    ['no room', zones('{ network: n, subnets: [172.31.7.0/31], service: web }'), compose(''), 'K0019'],
  ];
  for (const [name, policyText, composeText, code] of stops) {
    test(`stops at ${name}`, async () => {
      const ran = await renderDocker(policyText, composeText);
      assert.equal(ran.exitCode, 2, ran.stdout);
      assert.match(ran.stdout, new RegExp(`"${code}"`));
    });
  }

  test('what was written before does not count', async () => {
    const files = {
      'portcullis.yaml': policy(['from: internet, to: web, service: tcp/80']),
      'compose.yml': compose('ports: ["80:80"]'),
      'compose.portcullis.yaml': 'services: { web: { ports: !override [] } }',
    };
    const given = ['--docker', 'compose.yml', '--docker', 'compose.portcullis.yaml'];
    const ran = await portcullis(['render', 'docker', ...given], { files });
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.match(ran.stdout, /-f compose\.yml -f compose\.portcullis\.yaml up/);
    assert.doesNotMatch(ran.stdout, /ports/);
  });

  test('one project at a time, and `--harden` for Docker alone', async () => {
    const files = {
      'portcullis.yaml': policy(['from: host, to: web, service: http']),
      'a/c.yml': compose(''),
      'b/c.yml': compose(''),
    };
    const two = await portcullis(['render', 'docker', '--docker', 'a/c.yml', '--docker', 'b/c.yml'], { files });
    assert.deepEqual([two.exitCode, /K0011/.test(two.stderr)], [2, true]);
    const wrong = await portcullis(['render', 'nftables', '--harden', '--docker', 'a/c.yml'], { files });
    assert.deepEqual([wrong.exitCode, /C0001/.test(wrong.stderr)], [2, true]);
  });
});
