/**
 * The first process of the namespaces that `systemdCommand` makes: sets up what a systemd needs of its own, and becomes it.
 * `systemd-main.ts UNITS [FOLDER...]`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SYSTEMD } from './systemd.ts';

const UNITS = '/run/systemd/system';
const ONLY = 'only.target';

const [units = '', ...folders] = process.argv.slice(2);
for (const folder of folders) execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
execFileSync('mount', ['-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup']);
mkdirSync(UNITS, { recursive: true });
writeFileSync(join(UNITS, ONLY), `[Unit]\nDefaultDependencies=no\nWants=${units}\n`);
if (process.execve === undefined) throw new Error('Node cannot become another program here');
const env = { ...process.env, container: 'portcullis-test' }; // it does not try to set up a machine (systemd's container interface)
process.execve(SYSTEMD, [SYSTEMD, '--system', `--unit=${ONLY}`, '--log-target=null'], env);
