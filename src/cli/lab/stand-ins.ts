import type { Intent } from '../../ir/index.ts';
import type { SourceFile } from '../../source/index.ts';
import type { Console } from '../console.ts';
import { type Accounts, soundPolicy } from '../policy-input.ts';

const FIRST_STAND_IN = 61_000; // between the accounts of people and 65534 (Debian Policy 9.2.2: unassigned there)

/** Accounts that the policy names and this machine does not have are played by uids that nobody has. */
export function policyWithStandIns(console: Console, source: SourceFile, accounts: Accounts): Intent {
  const intent = soundPolicy(console, source, accounts);
  const unknown = [...intent.unknownAccounts.values()];
  if (unknown.length === 0) return intent;
  const taken = new Set(accounts.values());
  const free = Array.from({ length: unknown.length + taken.size }, (_, index) => FIRST_STAND_IN + index).filter(
    (uid) => !taken.has(uid),
  );
  const playing = unknown.map((name, index) => [name, free[index]!] as const);
  for (const [name, uid] of playing) {
    console.stderr.write(
      `this machine has no account \`${name}\`: uid ${uid} plays it here (\`--account ${name}=UID\` says otherwise)\n`,
    );
  }
  return soundPolicy(
    { ...console, stderr: { ...console.stderr, write: () => undefined } },
    source,
    new Map([...accounts, ...playing]),
  );
}
