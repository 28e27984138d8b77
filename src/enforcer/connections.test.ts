import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProcSockets } from '../net/index.ts';
import { connectionKey, connectionsOf } from './connections.ts';
import { deletionArguments, parseConntrack } from './conntrack.ts';
import type { Socket } from './sockets.ts';

/** Both forms are those of a real machine, with other addresses. */
const LISTING = `ipv4     2 tcp      6 431999 ESTABLISHED src=203.0.113.9 dst=192.0.2.1 sport=50000 dport=2222 src=192.0.2.1 dst=203.0.113.9 sport=2222 dport=50000 [ASSURED] mark=0 use=1
ipv6     10 tcp      6 431999 ESTABLISHED src=2001:0db8:0000:0000:0000:0000:0000:0001 dst=2001:db8::9 sport=40000 dport=443 src=2001:db8::9 dst=2001:db8::1 sport=443 dport=40000 [ASSURED] mark=0 zone=0 use=2
ipv4     2 udp      17 29 src=192.0.2.1 dst=9.9.9.9 sport=48206 dport=53 [UNREPLIED] src=9.9.9.9 dst=192.0.2.1 sport=53 dport=48206 mark=0 zone=0 use=2
ipv4     2 tcp      6 100 ESTABLISHED src=203.0.113.9 dst=192.0.2.1 sport=50001 dport=8080 src=172.17.0.2 dst=203.0.113.9 sport=80 dport=50001 mark=0 use=1
ipv4     2 icmp     1 29 src=192.0.2.1 dst=9.9.9.9 type=8 code=0 id=7 src=9.9.9.9 dst=192.0.2.1 type=0 code=0 id=7 mark=0 use=1
ipv4     2 tcp      6 100 TIME_WAIT src=192.0.2.1 dst=9.9.9.9 sport=1 dport=2 src=9.9.9.9 dst=192.0.2.1 sport=2 dport=1 [ASSURED] mark=0 use=1
ipv4     2 tcp      6 5 ESTABLISHED src=127.0.0.1 dst=127.0.0.1 sport=7 dport=8 src=127.0.0.1 dst=127.0.0.1 sport=8 dport=7 mark=0 use=1
conntrack v1.4.7 (conntrack-tools): 7 flow entries have been shown.
`;

const OWN = new Set(['192.0.2.1', '2001:db8::1']);

/** As /proc/net/tcp has them: sshd listening and serving, one connection that conntrack does not know. */
const SOCKETS = `   0: 00000000:08AE 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 10 1 0 100 0 0 10 0
   1: 010200C0:08AE 097100CB:C350 01 00000000:00000000 02:000A 00000000     0        0 11 2 0 20 4 30 10 -1
   2: 010200C0:08AE 097100CB:C351 01 00000000:00000000 02:000A 00000000     0        0 12 2 0 20 4 30 10 -1
   3: 010200C0:9C41 09090909:01BB 01 00000000:00000000 02:000A 00000000   998        0 13 2 0 20 4 30 10 -1
`;

const sockets: readonly Socket[] = parseProcSockets(SOCKETS).map((socket) => ({
  ...socket,
  protocol: 6,
  owner: { pid: Number(socket.inode), program: socket.uid === 998 ? 'node' : 'sshd' },
}));

test('connections go as the filter’s hooks see their first packet, with who holds them', () => {
  const shown = connectionsOf(parseConntrack(LISTING), sockets, OWN).map(
    ({ hook, tracked, program, uid, ...rest }) =>
      `${hook} ${tracked ? 'tracked' : 'untracked'} ${connectionKey(rest)} ${program ?? '-'} ${uid ?? '-'}`,
  );
  assert.deepEqual(shown, [
    'input tracked 4 6 203.0.113.9 50000 192.0.2.1 2222 sshd 0',
    'output tracked 6 6 2001:db8::1 40000 2001:db8::9 443 - -',
    'output tracked 4 17 192.0.2.1 48206 9.9.9.9 53 - -',
    'forward tracked 4 6 203.0.113.9 50001 172.17.0.2 80 - -', // published by a container: the address after translation
    'output tracked 4 1 192.0.2.1  9.9.9.9  - -',
    'loopback tracked 4 6 127.0.0.1 7 127.0.0.1 8 - -',
    'input untracked 4 6 203.0.113.9 50001 192.0.2.1 2222 sshd 0',
    'output untracked 4 6 192.0.2.1 40001 9.9.9.9 443 node 998',
  ]);
});

test('a connection is deleted by where it came from and where its replies come from', () => {
  const ends = { src: '203.0.113.9', sport: 50001, dst: '172.17.0.2', dport: 80 };
  assert.equal(
    deletionArguments(4, 6, ends, ends).join(' '),
    '-D -f ipv4 -p 6 --orig-src 203.0.113.9 --reply-src 172.17.0.2 --orig-port-src 50001 --reply-port-src 80',
  );
});
