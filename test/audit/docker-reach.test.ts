import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { closed, codes } from './ask.ts';
import { behind, compose, dockerFacts, type Inspected, inspect, service } from './containers.ts';

suite('ports and rules that are audited together', () => {
  const web: Inspected = {
    name: 'web',
    ports: {
      '80/tcp': [
        ['0.0.0.0', '8080'],
        ['::', '8080'],
      ],
    },
  };
  const both = dockerFacts(inspect({ ...web, addresses: ['172.17.0.2', 'fd00:1::2'] }));
  const only4 = dockerFacts(inspect(web));
  const filtered = (forward: string): string => closed('', '', forward);
  const docker = 'oifname "docker0" tcp dport 80 accept';

  test('strangers who get past the rules are told once, as before', () => {
    assert.deepEqual(codes(behind('nftables', filtered(docker), both)), ['A3001 web tcp/8080']);
    assert.deepEqual(codes(behind('nftables', filtered(''), both)), []);
    assert.deepEqual(codes(behind('nftables', filtered(`ip saddr 10.0.0.0/8 ${docker}`), both)), []);
  });

  test('facts of the machine and of Docker about one container are one', () => {
    const port = { protocol: 'tcp', port: 8080, container: 'web', containerPort: 80 } as const;
    const dockerPorts = both.containers[0]!.attachments[0]!.addresses.map((containerAddress) => ({
      ...port,
      containerAddress,
    }));
    assert.deepEqual(codes(behind('nftables', filtered(docker), both, { dockerPorts })), ['A3001 web tcp/8080']);
    assert.deepEqual(codes(behind('nftables', filtered(docker), undefined, { dockerPorts })), ['A3001 web tcp/8080']);
  });

  test('what only IPv4 is kept from', () => {
    const found = behind('nftables', filtered(`meta nfproto ipv6 ${docker}`), both);
    assert.deepEqual(codes(found), ['A3102 web tcp/8080']);
    assert.equal(found[0]?.witness?.flow.family, 6);
    const [other] = behind('nftables', filtered(`meta nfproto ipv4 ${docker}`), both);
    assert.match(other?.message ?? '', /for the whole world over IPv4$/);
  });

  test('without an address of IPv6, Docker’s proxy takes the connection on the machine', () => {
    const open = closed('meta nfproto ipv6 tcp dport 8080 accept');
    assert.deepEqual(codes(behind('nftables', open, only4)), ['A3102 web tcp/8080']);
    assert.deepEqual(codes(behind('nftables', open, both)), []);
    const without = { ...only4, daemon: { userlandProxy: false } };
    assert.deepEqual(codes(behind('nftables', open, without)), []);
  });

  test('a daemon that writes no rules leaves ports to the input hook', () => {
    const settings = dockerFacts(inspect(web), '{"iptables": false}');
    assert.deepEqual(codes(behind('nftables', filtered(docker), settings)), ['A3124 iptables']);
  });

  test('each run of a range that fares alike', () => {
    const facts = dockerFacts(
      `${compose(service('ports: ["3000-3009:3000-3009"]\nnetworks: { x: { ipv4_address: 172.30.0.2 } }'))}networks: { x: {} }\n`,
    );
    const rules = filtered('ip daddr 172.30.0.2 tcp dport { 3002-3004, 3009 } accept');
    assert.deepEqual(codes(behind('nftables', rules, facts)), [
      'A3001 shop-web-1 tcp/3002-3004',
      'A3001 shop-web-1 tcp/3009',
    ]);
  });

  test('containers that have no address yet', () => {
    const facts = dockerFacts(compose(service('ports: ["8080:80"]')));
    assert.deepEqual(codes(behind('nftables', filtered(''), facts)), [], 'whatever address it gets');
    const [found, ...more] = behind('nftables', filtered('ip daddr 172.16.0.0/12 tcp dport 80 accept'), facts);
    assert.deepEqual([found?.code, more], ['A3101', []]);
    assert.deepEqual(found?.conditions, ['the address that Docker will give the container']);
    const laidOut = dockerFacts(
      `${compose(service('ports: ["8080:80"]'))}networks: { default: { ipam: { config: [{ subnet: 10.9.0.0/24 }] } } }\n`,
    );
    assert.deepEqual(codes(behind('nftables', filtered('ip daddr 172.16.0.0/12 tcp dport 80 accept'), laidOut)), []);
  });

  test('rules that Docker has yet to put its own before say nothing of its ports', () => {
    const closedTables = '*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n';
    const [found] = behind('iptables', closedTables, only4);
    assert.equal(found?.code, 'A3101');
    assert.deepEqual(found?.conditions, ['the rules that Docker puts before these']);
  });

  const listing = (user: string): string => `*nat
:PREROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -j DOCKER
-A DOCKER-USER ${user}-j RETURN
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`;

  test('Docker’s own rules, as they are listed', () => {
    const found = behind('iptables', listing(''), only4);
    assert.deepEqual(codes(found), ['A3001 web tcp/8080']);
    assert.equal(found[0]?.witness?.flow.dport, 8080, 'as the packet comes');
    const kept = listing('-i eth0 -j DROP\n-A DOCKER-USER ');
    assert.deepEqual(codes(behind('iptables', kept, only4)), ['A3102 web tcp/8080'], 'no rules for IPv6 are there');
    assert.deepEqual(codes(behind('iptables', kept, { ...only4, daemon: { userlandProxy: false } })), []);
  });
});
