import type { DiagnosticKind } from '../../diagnostic/index.ts';

/** What `portcullis init` has to say of files: what it did not find and what it will not overwrite. */
export const INIT_PROBLEMS = {
  noConfig: {
    code: 'I0001',
    severity: 'error',
    message: (looked: string) =>
      `no OpenClaw configuration was found: neither \`${looked}\` nor one of another account that can be seen from here`,
    help: () =>
      'name it with `--config FILE`, run this as root to search the folders of all accounts, or use `--no-openclaw` for a policy of this machine alone',
    explanation:
      'OpenClaw keeps its configuration in `~/.openclaw/openclaw.json`, or where OPENCLAW_CONFIG_PATH says. Home folders of other accounts can only be searched by root.',
  } satisfies DiagnosticKind<[looked: string]>,
  severalConfigs: {
    code: 'I0002',
    severity: 'error',
    message: (paths: readonly string[]) => `there are several OpenClaw configurations: ${listed(paths)}`,
    help: (paths) => `name the one you mean: \`portcullis init --config ${paths[0]}\``,
    explanation: 'Each of them belongs to an agent of its own. A policy is written for one at a time.',
  } satisfies DiagnosticKind<[paths: readonly string[]]>,
  unreadableConfig: {
    code: 'I0003',
    severity: 'error',
    message: (path: string, reason: string) => `cannot read the OpenClaw configuration \`${path}\`: ${reason}`,
    help: (path) => `run \`sudo portcullis init --config ${path}\`, or see that the path is right`,
    explanation:
      'The configuration holds secrets, so usually only its owner and root may read it. It is read, never changed, and no secret of it is copied.',
  } satisfies DiagnosticKind<[path: string, reason: string]>,
  exists: {
    code: 'I0004',
    severity: 'error',
    message: (path: string) => `\`${path}\` is there already and was left as it is`,
    help: () => 'look at a new one with `-o -`, write it elsewhere with `-o FILE`, or replace it with `--force`',
    explanation: 'A policy that was edited by hand is worth more than one that can be written again at any time.',
  } satisfies DiagnosticKind<[path: string]>,
  unwritable: {
    code: 'I0005',
    severity: 'error',
    message: (path: string, reason: string) => `cannot write \`${path}\`: ${reason}`,
    help: () => 'name a folder that you may write to with `-o FILE`, or print the policy with `-o -`',
    explanation: 'The policy could not be written to where it should go.',
  } satisfies DiagnosticKind<[path: string, reason: string]>,
} as const;

const SHOWN = 5;

function listed(paths: readonly string[]): string {
  const more = paths.length - SHOWN;
  const shown = paths.slice(0, SHOWN).map((path) => `\`${path}\``);
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
