import { createArguments, type NetworkOptions } from './network-options.ts';

export const COMMANDS_FILE = 'docker-networks.sh';

/** A script that makes the networks that no Compose file makes, each where there is none of its name. */
export function networkCommands(networks: readonly NetworkOptions[]): string {
  const lines = networks.map((each) => {
    const create = ['docker', 'network', 'create', ...createArguments(each)].map(shellWord).join(' ');
    return `docker network inspect ${shellWord(each.network.name)} >/dev/null 2>&1 || ${create} >/dev/null`;
  });
  return [
    '#!/bin/sh',
    '# The networks of containers that the policy lays out. A network of the same name that is there already stays as it is:',
    '# remove it first (`docker network rm`) where it is another one.',
    'set -eu',
    ...lines,
    '',
  ].join('\n');
}

/** One word of a shell's command line (POSIX, Shell Command Language 2.2.2). */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
