import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { documentOf, portcullis } from './cli.ts';

/** Docker beside a firewall that lets nothing in; the rules of ours are in the test's own words, as Docker 20.10 loads them. */
const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.17.0.2:81
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:DOCKER - [0:0]
-A INPUT -m addrtype --dst-type LOCAL -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`;
const NETWORKS = JSON.stringify([
  { Name: 'bridge', Id: 'ab', Driver: 'bridge', IPAM: { Config: [{ Subnet: '172.17.0.0/16' }] } },
]);
const files = { 'rules.v4': RULES, 'networks.json': NETWORKS };

async function verdict(flow: string, ...more: readonly string[]): Promise<unknown> {
  const ran = await portcullis(['why', '--json', '--in', 'rules.v4', ...more, flow], { files });
  return documentOf(ran, 'why').verdict;
}

suite('a published port', () => {
  const docker = ['--docker', 'networks.json'];

  test('is answered by the rules for what is forwarded, although nothing may come in', async () => {
    assert.equal(await verdict('tcp 203.0.113.9 -> host:8080', ...docker), 'accept');
    assert.equal(await verdict('tcp 203.0.113.9 -> host:8081', ...docker), 'drop'); // led on, and then not let through
    assert.equal(await verdict('tcp 203.0.113.9 -> host:22', ...docker), 'accept');
    assert.equal(await verdict('tcp 203.0.113.9 -> host:23', ...docker), 'drop');
  });

  test('tells the whole way, from where it came in', async () => {
    const ran = await portcullis(['why', '--in', 'rules.v4', ...docker, 'tcp 203.0.113.9 -> host:8080'], { files });
    assert.match(
      ran.stdout,
      /accept: allowed\n[\s\S]*ip nat DOCKER .*DNAT[\s\S]*ip filter FORWARD [\s\S]*ip filter DOCKER .*ACCEPT/,
    );
    assert.doesNotMatch(ran.stdout, /depends|INPUT/);
  });

  test('of which nobody knows where it leads is answered as before, with what is not known', async () => {
    const ran = await portcullis(['why', '--in', 'rules.v4', '--docker', 'none.json', 'tcp 203.0.113.9 -> host:8080'], {
      files: { ...files, 'none.json': '[]' },
    });
    assert.match(ran.stdout, /it depends on what is not understood/);
  });

  test('is answered where the user says that it stands', async () => {
    assert.equal(await verdict('tcp 203.0.113.9 -> host:8080', ...docker, '--at', 'input'), 'depends');
  });
});
