import { dirname } from 'node:path';
import { loadConfigKeys } from '../../catalog/index.ts';
import { hasErrors } from '../../diagnostic/index.ts';
import { type Discovery, discover, parseDotenv } from '../../discover/index.ts';
import type { Machine } from '../../host/index.ts';
import { type Console, EXIT } from '../console.ts';
import { catalog } from '../policy-input.ts';
import { Stop, stop } from '../report.ts';
import { accountsOf } from './find-config.ts';
import { INIT_PROBLEMS } from './problems.ts';

/** What a configuration of OpenClaw asks of the network. @throws Stop where it cannot be used */
export function readConfig(console: Console, path: string, machine: Machine): Discovery {
  const reading = machine.read(path);
  if ('error' in reading) {
    const code = reading.error.code;
    const exit = code === 'EACCES' || code === 'EPERM' ? EXIT.machine : EXIT.unusable;
    throw stop(exit, INIT_PROBLEMS.unreadableConfig, path, reasonOf(code));
  }
  const home = accountsOf(machine).find(({ uid }) => uid === machine.ownerOf(path))?.home;
  const dotenvs = [`${dirname(path)}/.env`, ...(home === undefined ? [] : [`${home}/.config/openclaw/gateway.env`])];
  const variables = dotenvs.map((file) => {
    const text = machine.read(file);
    return 'text' in text ? parseDotenv(text.text) : {};
  });
  const discovery = discover({
    path,
    files: {
      realPath: machine.realPath,
      read: (file) => {
        const found = machine.read(file);
        return 'text' in found ? found : { unreadable: reasonOf(found.error.code) };
      },
    },
    environment: [console.env, ...variables],
    catalog: catalog(),
    keys: loadConfigKeys(),
  });
  if (hasErrors(discovery.diagnostics)) throw new Stop(EXIT.unusable, discovery.diagnostics);
  return discovery;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'it is no file',
  ENOTDIR: 'a part of the path is no folder',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ELOOP: 'its symbolic links lead in a circle',
  EFBIG: 'it is too large',
};

/** What the system says of a failed call, in words. */
export function reasonOf(code: string): string {
  return REASONS[code] ?? code;
}
