import { Command } from 'commander';
import { formatFlow } from '../../analysis/index.ts';
import { escapeControls } from '../../diagnostic/index.ts';
import { type Imported, ImportTooLarge, importPolicy } from '../../import/index.ts';
import type { NameGroup } from '../../ir/index.ts';
import { SourceFile } from '../../source/index.ts';
import { ACCOUNT_OPTION, accountsOf, collect } from '../accounts.ts';
import { DESPITE_ERRORS, givenFiles } from '../cluster/input.ts';
import { CLUSTER_COMMAND_PROBLEMS } from '../cluster/problems.ts';
import { type Console, EXIT, type ExitCode, JSON_OPTION, writeJson } from '../console.ts';
import { readFile, readSources, STDIN, writeFile } from '../files.ts';
import { formatOf } from '../format.ts';
import { IMPORT_PROBLEMS } from '../import/problems.ts';
import { type ImportProof, proveImport } from '../import/proof.ts';
import { longWork } from '../long-work.ts';
import { type Accounts, catalog, policySource, readPolicy, soundPolicy } from '../policy-input.ts';
import { type OpaqueJson, opaqueJson, reportDiagnostics, stop } from '../report.ts';
import { readRuleset } from '../subject.ts';

interface ImportOptions {
  readonly output?: string;
  readonly force?: boolean;
  readonly name: string;
  readonly names?: string;
  readonly account?: readonly string[];
  readonly namespace?: readonly string[];
  readonly despiteErrors?: boolean;
  readonly json?: boolean;
}

export function importCommand(console: Console): Command {
  return new Command('import')
    .description(
      'A policy from a firewall that is there, or from the manifests of a cluster, proven to let through the same; what it cannot say is listed.',
    )
    .argument(
      '<what...>',
      'the configuration of a firewall (nft text or nft -j, iptables-save, ipset save, /etc/ufw; repeatable: the files of one machine; - is standard input), `live`: the rules that this machine has now, or manifests of a cluster: files, folders, `live-cluster`',
    )
    .option('-o, --output <file>', 'write the policy there instead of printing it')
    .option('--force', 'replace a policy that is there')
    .option('--name <name>', 'the name of the policy', 'imported')
    .option('--names <policy>', 'a policy that says which host names its zones stand for: a firewall holds addresses')
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .option(
      '--namespace <name>',
      'of manifests: a namespace that the policy governs (repeatable; default: those with policies)',
      collect,
    )
    .option('--despite-errors', DESPITE_ERRORS)
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      '\nExit codes: 0 equal in meaning; 1 written, but some packets fare otherwise (they are listed); 2 a file cannot be used; 3 there is a policy already.',
    )
    .action(async (what: readonly string[], options: ImportOptions) => {
      console.exitCode = await runImport(console, what, options);
    });
}

/** schema/import.json */
interface ImportJson {
  readonly equal: boolean;
  readonly file?: string;
  readonly policy: string;
  readonly flows: readonly { readonly name: string; readonly hook: string }[];
  readonly leftOut: Imported['leftOut'];
  readonly lostLimits: readonly string[];
  readonly wider: readonly DifferenceJson[]; // the policy lets through, the firewall does not
  readonly narrower: readonly DifferenceJson[];
  readonly opaque: readonly OpaqueJson[];
}

interface DifferenceJson {
  readonly packets: string;
  readonly witness: string; // a flow expression
  readonly conditions?: readonly string[];
}

async function runImport(console: Console, what: readonly string[], options: ImportOptions): Promise<ExitCode> {
  const { output } = options;
  const isThere = output !== undefined && output !== STDIN && typeof readFile(console, output) !== 'string';
  if (isThere && options.force !== true) throw stop(EXIT.refused, IMPORT_PROBLEMS.exists, output);
  const given = await givenFiles(console, what);
  if (given.manifests.length > 0) {
    if (given.others.length > 0) throw stop(EXIT.unusable, CLUSTER_COMMAND_PROBLEMS.onlyManifests, 'import');
    const { importFromCluster } = await import('../cluster/import-command.ts'); // most firewalls are a machine's
    return importFromCluster(console, {
      manifests: given.manifests,
      source: what.join(', '),
      ...(output === undefined ? {} : { output }),
      name: options.name,
      namespaces: options.namespace ?? [],
      despiteErrors: options.despiteErrors === true,
      json: options.json === true,
    });
  }
  const accounts = accountsOf(console, options.account);
  const sources = await readSources(console, what);
  const policy = sources.find((source) => formatOf(source) === 'policy');
  if (policy !== undefined) throw stop(EXIT.unusable, IMPORT_PROBLEMS.isPolicy, policy.name);
  const { ruleset, opaque, diagnostics } = await readRuleset(console, sources);
  const imported = importIt({
    ruleset,
    source: what.join(', '),
    name: options.name,
    accounts: new Map([...accounts].map(([name, uid]) => [uid, name])),
    services: new Map(
      catalog()
        .serviceNames()
        .map((name) => [name, catalog().service(name) ?? []]),
    ),
    groups: await groupsOf(console, options.names, accounts),
  });
  const proof = prove(console, imported, accounts);
  if (output !== undefined && output !== STDIN) writeFile(console, output, imported.text);
  const found: ImportJson = {
    equal: proof.equal,
    ...(output === undefined || output === STDIN ? {} : { file: output }),
    policy: imported.text,
    flows: imported.flows.map(({ name, hook }) => ({ name, hook })),
    leftOut: imported.leftOut,
    lostLimits: imported.lostLimits,
    wider: proof.wider.parts.map(differenceJson),
    narrower: proof.narrower.parts.map(differenceJson),
    opaque: opaque.map(opaqueJson),
  };
  if (options.json === true) writeJson(console, found);
  else {
    reportDiagnostics(console, diagnostics);
    tell(console, found, proof);
  }
  return proof.equal ? EXIT.holds : EXIT.findings;
}

function importIt(input: Parameters<typeof importPolicy>[0]): Imported {
  try {
    return importPolicy(input);
  } catch (error) {
    if (error instanceof ImportTooLarge) throw stop(EXIT.unusable, IMPORT_PROBLEMS.tooManyKinds, error.message);
    throw error;
  }
}

async function groupsOf(console: Console, path: string | undefined, accounts: Accounts): Promise<readonly NameGroup[]> {
  if (path === undefined) return [];
  return soundPolicy(console, await policySource(console, path), accounts).groups;
}

/** The policy as everybody will read it, from its text, against the firewall. */
function prove(console: Console, { text, comparable }: Imported, accounts: Accounts): ImportProof {
  const { intent, diagnostics } = readPolicy(console, new SourceFile('<imported>', text), accounts);
  const error = diagnostics.find(({ severity }) => severity === 'error');
  if (intent === undefined) throw new Error(`the policy that import made has errors: ${error?.message}`);
  return longWork(console, 'proving', (watcher) => proveImport(comparable, intent, watcher));
}

function differenceJson({ packets, witness, conditions }: ImportProof['wider']['parts'][number]): DifferenceJson {
  return { packets, witness: formatFlow(witness), ...(conditions.length === 0 ? {} : { conditions }) };
}

function tell(console: Console, found: ImportJson, proof: ImportProof): void {
  const { stderr, stdout } = console;
  const { colors } = stderr;
  if (found.file === undefined) stdout.write(found.policy);
  const lines = found.file === undefined ? [] : [`wrote ${escapeControls(found.file)}: ${found.flows.length} flows`];
  for (const { hook, services, reason } of found.leftOut)
    lines.push(`left out, at ${hook}: ${escapeControls(`${services.slice(0, 8).join(', ')}: ${reason}`)}`);
  for (const limit of found.lostLimits)
    lines.push(`the limit of ${limit} holds for several flows together, which a policy cannot say: they have none now`);
  const side = (title: string, { outline, parts }: ImportProof['wider'], paint: (text: string) => string): void => {
    if (outline.length === 0) return;
    lines.push(paint(title), ...outline.map((line) => `  ${escapeControls(line)}`));
    const [example] = parts;
    if (example === undefined) return;
    const when = example.conditions.length === 0 ? '' : ` (${example.conditions.join(', ')})`;
    lines.push(colors.dim(`    for example ${escapeControls(`${formatFlow(example.witness)}${when}`)}`));
  };
  side('the policy lets through what the firewall does not:', proof.wider, colors.red);
  side('the firewall lets through what the policy does not:', proof.narrower, colors.yellow);
  if (found.opaque.length > 0)
    lines.push('rules that were not understood are listed above: whether they matter, nobody can say');
  if (found.equal) lines.push(`${colors.green('proven')}: the policy and the firewall let the same packets through`);
  stderr.write(`${lines.join('\n')}\n`);
}
