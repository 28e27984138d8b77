/**
 * The first process of a place (place.ts): its own network, mounts and processes. Lays empty file systems over the folders that
 * the enforcer writes, says so, and holds everything up until its standard input ends.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';

function mount(...args: string[]): void {
  execFileSync('mount', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

mount('--make-rprivate', '/');
mount('-t', 'proc', 'proc', '/proc');
const runLevels = readdirSync('/etc').filter((name) => /^rc.\.d$/.test(name));
for (const folder of ['/var/lib', '/run', '/etc/systemd', '/etc/init.d', ...runLevels.map((name) => `/etc/${name}`)]) {
  mount('-t', 'tmpfs', 'tmpfs', folder);
}
mkdirSync('/etc/systemd/system');
mkdirSync('/run/place'); // the tests' own
writeFileSync('/run/place/boot_id', '00000000-0000-4000-8000-000000000001\n');
mount('--bind', '/run/place/boot_id', '/proc/sys/kernel/random/boot_id');
execFileSync('ip', ['link', 'set', 'lo', 'up']);
process.stdout.write('ready\n');
process.stdin.resume().on('end', () => process.exit());
