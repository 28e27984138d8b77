import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './commands.ts';
import { leadOutside } from './networks.ts';
import { UNTOUCHED } from './outer.ts';

/** The machine and the world, each in a network of its own, and a table outside that counts what should never arrive. */
export async function attackedNetwork(folder: string): Promise<void> {
  await must('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
  await must('mount', ['-t', 'tmpfs', 'tmpfs', '/var/lib']);
  const resolvers = join(folder, 'resolv.conf');
  writeFileSync(resolvers, `nameserver ${UNTOUCHED[4]}\noptions timeout:1 attempts:1\n`);
  await must('mount', ['--bind', resolvers, '/etc/resolv.conf']);
  await leadOutside();
  await must('ip', ['netns', 'exec', 'outer', 'nft', '-f', '-'], SEEN);
  writeFileSync('/proc/sys/net/ipv4/ping_group_range', '0 2147483647'); // as distributions have it: anybody may ping
}

const SEEN = `table inet seen {
  counter untouched { }
  counter untouched6 { }
  counter not-tcp { }
  counter multicast { }
  chain arriving { type filter hook prerouting priority -500; policy accept;
    iifname "in" ip daddr ${UNTOUCHED[4]} counter name untouched
    iifname "in" ip6 daddr ${UNTOUCHED[6]} counter name untouched6
    iifname "in" ip daddr 93.184.216.0/24 meta l4proto != tcp counter name not-tcp
    iifname "in" fib daddr type multicast meta l4proto udp counter name multicast
  }
  chain silenced { type filter hook input priority 0; policy accept; }
}
`;
