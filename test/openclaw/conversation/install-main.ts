/**
 * Has openclaw install its plugin for Discord into a home, as its users do; from the network, in a mount namespace of its own.
 * `install-main.ts MODULES HOME`: node_modules with openclaw, and the folder that becomes the home.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { CATALOG_RELEASE } from '../../../src/catalog/index.ts';
import { CONFIG, furnish, HOME, NODE, OPENCLAW } from './place.ts';

const [modules = '', home = ''] = process.argv.slice(2);
await furnish(modules, home, 'itself');
// The account's own home has npm's settings, which say where packages come from here.
const own = { OPENCLAW_STATE_DIR: dirname(CONFIG), OPENCLAW_CONFIG_PATH: CONFIG, OPENCLAW_HOME: HOME, NO_COLOR: '1' };
const environment = {
  ...process.env,
  ...own,
  PATH: `${join(modules, '.bin')}:${dirname(process.execPath)}:${process.env.PATH}`,
};
const args = [OPENCLAW, 'plugins', 'install', `npm:@openclaw/discord@${CATALOG_RELEASE}`];
const { status } = spawnSync(NODE, args, { env: environment, stdio: 'inherit' });
process.exitCode = status ?? 1;
