import { type Console, EXIT } from './console.ts';
import { readFile } from './files.ts';
import { CLI_PROBLEMS } from './problems.ts';
import { stop } from './report.ts';

/** The words of the `--account` option, the same for every command that takes a policy. */
export const ACCOUNT_OPTION = 'the uid of an account that this machine does not have (repeatable)';

/**
 * Accounts by name: those of /etc/passwd (passwd(5)), and what the user says with `--account name=uid`, which counts more.
 * Where there is no such file, there are none.
 */
export function accountsOf(console: Console, said: readonly string[] = []): ReadonlyMap<string, number> {
  const accounts = new Map<string, number>();
  const content = readFile(console, '/etc/passwd');
  const lines = typeof content === 'string' ? [] : new TextDecoder().decode(content).split('\n');
  for (const line of lines) {
    const [name, , uid] = line.split(':');
    if (name !== undefined && uid !== undefined && /^[0-9]+$/.test(uid)) accounts.set(name, Number(uid));
  }
  for (const text of said) {
    const found = /^([^=]+)=([0-9]{1,10})$/.exec(text);
    const uid = Number(found?.[2]);
    if (found?.[1] === undefined || uid > 4_294_967_294) {
      throw stop(
        EXIT.unusable,
        CLI_PROBLEMS.usage,
        `\`${text}\` is no account`,
        'write it as `--account openclaw=998`',
      );
    }
    accounts.set(found[1], uid);
  }
  return accounts;
}

/** Collects a repeatable option. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
