import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { FINDING_KINDS, type Finding } from '../../src/analysis/index.ts';
import { range } from '../../src/net/index.ts';
import { codes } from './ask.ts';
import { alone, behind, compose, dockerFacts, inspect, service } from './containers.ts';

const seen = new Set<string>();

function said(findings: readonly Finding[]): string[] {
  for (const { code } of findings) seen.add(code);
  return codes(findings);
}

suite('what a Compose file or daemon.json is told, and its repaired twin is not', () => {
  const one = (lines: string): string => compose(service(lines));
  const two = (networks: string, a = 'tty: true', b = 'tty: true'): string =>
    `${compose(service(a, 'a'), service(b, 'b'))}${networks}`;
  const table: readonly (readonly [what: string, broken: string, repaired: string, expected: readonly string[]])[] = [
    [
      'a port for everybody',
      one('ports: ["8080:80"]'),
      one('ports: ["127.0.0.1:8080:80"]'),
      ['A3101 shop-web-1 tcp/8080'],
    ],
    ['a port of Docker’s choice', one('ports: ["80"]'), one('expose: ["80"]'), ['A3101 shop-web-1 tcp/80']],
    [
      'ports in a row',
      one('ports: ["3000-3009:3000-3009/udp"]'),
      one('ports: ["[::1]:3000-3009:3000-3009/udp"]'),
      ['A3101 shop-web-1 udp/3000-3009'],
    ],
    ['SCTP', one('ports: ["36412:36412/sctp"]'), one('tty: true'), ['A3101 shop-web-1 sctp/36412']],
    ['the machine’s network', one('network_mode: host'), one('network_mode: none'), ['A3103 shop-web-1']],
    ['another’s network', one('network_mode: "service:db"'), one('tty: true'), ['A3104 shop-web-1']],
    [
      'a network for all',
      two(''),
      two('networks: { default: { driver_opts: { com.docker.network.bridge.enable_icc: "false" } } }\n'),
      ['A3106 shop_default'],
    ],
    [
      'a network for all, one for each',
      two(''),
      two('networks: { x: {}, y: {} }\n', 'networks: [x]', 'networks: [y]'),
      ['A3106 shop_default'],
    ],
    ['privileged', one('privileged: true\ncap_add: [ALL]'), one('privileged: false'), ['A3107 shop-web-1']],
    ['all capabilities', one('cap_add: [ALL]'), one('cap_add: [CHOWN]'), ['A3108 shop-web-1']],
    ['SYS_ADMIN', one('cap_add: [CAP_SYS_ADMIN]'), one('cap_add: [SYS_NICE]'), ['A3108 shop-web-1']],
    [
      'the machine’s firewall',
      one('network_mode: host\ncap_add: [NET_ADMIN]'),
      one('cap_add: [NET_BIND_SERVICE]'),
      ['A3103 shop-web-1', 'A3108 shop-web-1'],
    ],
    ['powers over its network', one('cap_add: [net_raw]'), one('cap_add: []'), ['A3109 shop-web-1']],
    [
      'Docker’s socket',
      one('volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"]'),
      one('volumes: ["/var/run/docker:/x"]'),
      ['A3110 shop-web-1'],
    ],
    [
      'a secret',
      one('environment: { API_TOKEN: hunter2 }'),
      one('environment: { API_TOKEN_FILE: /run/secrets/token }'),
      ['A3111 shop-web-1'],
    ],
    [
      'one that could do with less',
      'name: shop\nservices: { web: { image: x, ports: ["127.0.0.1:1:1"] } }\n',
      'name: shop\nservices: { web: { image: x, ports: ["127.0.0.1:1:1"], read_only: true, cap_drop: [all] } }\n',
      ['A3112 shop-web-1'],
    ],
    [
      'one that nobody reaches and that has nothing to lose',
      'name: shop\nservices: { web: { image: x, privileged: true } }\n',
      'name: shop\nservices: { web: { image: x } }\n',
      ['A3107 shop-web-1'],
    ],
    [
      'an open API',
      '{"hosts": ["unix:///var/run/docker.sock", "tcp://0.0.0.0:2375"]}',
      '{"hosts": ["fd://"]}',
      ['A3121 tcp://0.0.0.0:2375'],
    ],
    [
      'an API behind certificates',
      '{"hosts": ["tcp://0.0.0.0:2376"], "tlsverify": true}',
      '{"hosts": ["fd://"], "tlsverify": true}',
      ['A3122 tcp://0.0.0.0:2376'],
    ],
    [
      'TLS that asks for none',
      '{"hosts": ["tcp://[::]:2376"], "tls": true}',
      '{"tls": true, "icc": true}',
      ['A3121 tcp://[::]:2376'],
    ],
    [
      'an API on loopback',
      '{"hosts": ["tcp://127.0.0.1:2375", "tcp://"]}',
      '{"icc": false}',
      ['A3122 tcp://127.0.0.1:2375', 'A3122 tcp://'],
    ],
    ['the userland proxy', '{"userland-proxy": true}', '{"userland-proxy": false}', ['A3123 userland-proxy']],
    ['no rules at all', '{"iptables": false, "ip6tables": false}', '{"iptables": true}', ['A3124 iptables']],
    ['no rules for IPv6', '{"ip6tables": false}', '{"ip6tables": true}', ['A3125 ip6tables']],
    [
      'networks that overlap',
      'services: {}\nnetworks: { a: { name: a, ipam: { config: [{ subnet: 10.1.0.0/16 }] } }, b: { name: b, driver: macvlan, ipam: { config: [{ subnet: 10.1.7.0/24 }] } } }\n',
      'services: {}\nnetworks: { a: { name: a, ipam: { config: [{ subnet: 10.1.0.0/24 }] } }, b: { name: b, driver: macvlan, ipam: { config: [{ subnet: 10.1.7.0/24 }] } } }\n',
      ['A3126 a b'],
    ],
  ];
  for (const [what, broken, repaired, expected] of table) {
    test(what, () => {
      assert.deepEqual(said(alone(broken)), expected);
      assert.deepEqual(said(alone(repaired)), []);
    });
  }

  test('a network of containers over a network of the machine', () => {
    const laidOut = (subnet: string): string =>
      `services: {}\nnetworks: { a: { name: a, ipam: { config: [{ subnet: ${subnet} }] }, driver_opts: { com.docker.network.bridge.name: pc-a } } }\n`;
    const networks = [
      { interface: 'eth0', addresses: range('10.1.0.0/16') },
      { interface: 'pc-a', addresses: range('10.1.7.0/24') },
    ];
    const rules = 'table inet t { chain c { type filter hook input priority 0; policy accept; } }';
    const told = (subnet: string) => said(behind('nftables', rules, dockerFacts(laidOut(subnet)), { networks }));
    assert.deepEqual(told('10.1.7.0/24'), ['A3127 a eth0']);
    assert.deepEqual(told('10.2.7.0/24'), []);
  });

  test('the default network, unless it is told to keep its containers apart', () => {
    const network = (icc: string): string =>
      `[{"Name":"bridge","Driver":"bridge","IPAM":{"Config":[]},"Options":{"com.docker.network.bridge.enable_icc":"${icc}"}}]`;
    const both = inspect({ name: 'a' }, { name: 'b', addresses: ['172.17.0.3', ''] });
    assert.deepEqual(said(alone(both, network('true'))), ['A3105 bridge']);
    assert.deepEqual(said(alone(both, network('false'))), []);
    assert.deepEqual(said(alone(both, network('true'), '{"icc": false}')), []);
    assert.deepEqual(said(alone(inspect({ name: 'a' }, { name: 'b', running: false }), network('true'))), []);
    assert.deepEqual(said(alone(both)), [], 'nobody said how it is laid out');
  });

  test('where it is said', () => {
    const [found] = alone(compose(service('tty: true\nports:\n  - "8080:80"')));
    const [origin] = found!.origins;
    assert.equal(
      origin?.span?.file.lineText(origin.span.file.positionAt(origin.span.start).line).trim(),
      '- "8080:80"',
    );
    assert.equal(origin?.text, undefined);
  });

  test('the daemon may have said where ports go', () => {
    const text = compose(service('ports: ["8080:80"]'));
    assert.deepEqual(said(alone(text, '{"ip": "127.0.0.1"}')), []);
    assert.deepEqual(said(alone(text, '{"ip": "0.0.0.0"}')), ['A3101 shop-web-1 tcp/8080']);
  });

  test('a network without a way out publishes nothing', () => {
    const text = compose(service('ports: ["8080:80"]\nnetworks: [inner]'));
    assert.deepEqual(said(alone(`${text}networks: { inner: { internal: true } }\n`)), []);
    assert.deepEqual(said(alone(`${text}networks: { inner: {} }\n`)), ['A3101 shop-web-1 tcp/8080']);
  });

  test('what the daemon lists one by one is one', () => {
    const ports = Object.fromEntries(
      [8000, 8001, 8002, 8003, 8004, 9000, 9001].map((port) => [
        `${port}/tcp`,
        [
          ['0.0.0.0', `${port}`],
          ['::', `${port}`],
        ] as const,
      ]),
    );
    assert.deepEqual(
      said(alone(inspect({ name: 'web', ports }))),
      ['tcp/8000-8004', 'tcp/9000', 'tcp/9001'].map((port) => `A3101 web ${port}`),
    );
  });
});

after(() => {
  const own = [FINDING_KINDS.Containers, FINDING_KINDS['Docker’s daemon and networks']].flatMap((kinds) =>
    Object.values(kinds).map(({ code }) => code),
  );
  assert.deepEqual(
    own.filter((code) => !seen.has(code) && code !== 'A3102'),
    [],
    'every kind is found at least once, but for the one that takes rules',
  );
});
