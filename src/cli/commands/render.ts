import { join } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { escapeControls } from '../../diagnostic/index.ts';
import { clientSettings } from '../../gateway/index.ts';
import { type Artifact, CLUSTER_TARGET_NAMES, type ClusterTargetName } from '../../target/index.ts';
import { TARGET_NAMES, type TargetName, withTarget } from '../../target/registry.ts';
import { type ClusterProof, type Proof, renderProven } from '../../verify/index.ts';
import { ACCOUNT_OPTION, accountsOf, collect } from '../accounts.ts';
import { approximationJson, approximationText } from '../approximation.ts';
import { PACKAGES, PACKED, type PackageName, type PackageOptions, renderPackage } from '../cluster/package.ts';
import { clusterProofJson, tellClusterProof } from '../cluster/proof-text.ts';
import { type ClusterRenderOptions, refuseClusterWide, renderForCluster } from '../cluster/render.ts';
import { type Console, EXIT, JSON_OPTION, writeJson } from '../console.ts';
import { DOCKER_OPTION, withContainers } from '../containers.ts';
import { renderDocker } from '../docker/render.ts';
import { writeFile } from '../files.ts';
import { longWork } from '../long-work.ts';
import { POLICY_ARGUMENT, policySource, soundHostPolicy, soundPolicy } from '../policy-input.ts';
import { CLI_PROBLEMS } from '../problems.ts';
import { diagnosticsJson, reportDiagnostics, Stop, stop } from '../report.ts';
import { isFault } from '../unproven.ts';
import { programVersion } from '../version.ts';

/** As targets are named, although they are none: what programs are told of the gateway, and Docker of its ports and networks. */
const PROGRAMS = 'openclaw';
const DOCKER = 'docker';
type Rendered = TargetName | ClusterTargetName | PackageName | typeof DOCKER | typeof PROGRAMS;

interface RenderOptions extends PackageOptions, ClusterRenderOptions {
  readonly output?: string;
  readonly account?: readonly string[];
  readonly docker?: readonly string[];
  readonly harden?: boolean;
  readonly put?: readonly string[];
  readonly json?: boolean;
}

export function renderCommand(console: Console): Command {
  return new Command('render')
    .description("Prints a firewall's configuration, proven to mean what the policy says; what it cannot do is listed.")
    .addArgument(
      new Argument(
        '<target>',
        'the firewall, or the API of a cluster; or `docker`: an override for your Compose file, given with --docker, and networks; or `openclaw`: what programs are told of the gateway; or `kustomize` or `helm`: a package for a cluster',
      ).choices([...TARGET_NAMES, ...CLUSTER_TARGET_NAMES, ...PACKAGES, DOCKER, PROGRAMS]),
    )
    .argument('[policy]', POLICY_ARGUMENT)
    .option('-o, --output <dir>', 'write the files into this folder instead of printing them')
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .option('--docker <file>', DOCKER_OPTION, collect)
    .option(
      '--put <service=zone>',
      'with `docker`: a service of the Compose file onto the network that a zone lays out (repeatable)',
      collect,
    )
    .option(
      '--harden',
      'with `docker`: services lose all capabilities that they do not ask for, and write to /tmp and their volumes only',
    )
    .option(
      '--namespace <name>',
      'for a cluster: a namespace that is governed (repeatable; default: the one that the policy names)',
      collect,
    )
    .addOption(
      new Option('--with <target>', 'with `kustomize` and `helm`: the API of policies')
        .choices(PACKED)
        .default('kubernetes'),
    )
    .option('--image <name>', 'for a cluster: the image of Portcullis', `portcullis:${programVersion()}`)
    .option('--node-local-dns', 'for a cluster: pods ask the DNS cache of their node, too')
    .option('--node-policy <file>', 'with `kustomize` and `helm`: a policy for hosts, for the firewall of the nodes')
    .option('--chart-version <version>', 'with `helm`', '0.1.0')
    .option('--calico-tier <name>', 'with `calico`: the tier, `default` or one of our own', 'portcullis')
    .option('--calico-domains', 'with `calico`: names in rules, as Calico Enterprise and Calico Cloud know them')
    .option('--staged', 'with `calico`: policies that report what they would do, and enforce nothing')
    .option(
      '--cluster-wide',
      'with `calico` and `cilium`: objects of the whole cluster, one for all namespaces that are governed, instead of some in each',
    )
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      '\nExit codes: 0 printed and proven; 2 the policy cannot be rendered as it is; 4 the proof failed, nothing was printed.',
    )
    .action(async (target: Rendered, policy: string | undefined, options: RenderOptions) => {
      if (options.harden === true && target !== DOCKER)
        throw stop(EXIT.unusable, CLI_PROBLEMS.usage, '`--harden` is for `render docker` alone', 'leave it out');
      if (options.clusterWide === true) refuseClusterWide(target);
      if (target === DOCKER) return renderForDocker(console, policy, options);
      if (target === PROGRAMS) return renderForPrograms(console, policy, options);
      if (target === 'kustomize' || target === 'helm')
        return tellManifests(console, await renderPackage(console, target, policy, options), target, options);
      if (isClusterTarget(target))
        return tellManifests(console, await renderForCluster(console, target, policy, options), target, options);
      const intent = soundHostPolicy(
        withContainers(console, options.docker),
        await policySource(console, policy),
        accountsOf(console, options.account),
      );
      const { artifacts, proof } = longWork(console, 'proving', (watcher) =>
        withTarget(target, (each) => renderProven(each, intent, watcher)),
      );
      if (artifacts === undefined) throw new Stop(isFault(proof) ? EXIT.machine : EXIT.unusable, proof.diagnostics);
      if (options.output !== undefined) writeArtifacts(console, options.output, artifacts);
      if (options.json === true) writeJson(console, renderJson(proof, artifacts));
      else tell(console, proof, artifacts, options.output);
    });
}

/** No packet filter: what it says of ports and networks is held against the policy all the same. */
async function renderForDocker(console: Console, path: string | undefined, options: RenderOptions): Promise<void> {
  const { artifacts, diagnostics } = await renderDocker(console, path, options);
  if (options.output !== undefined) writeArtifacts(console, options.output, artifacts);
  if (options.json === true) {
    const shown = diagnosticsJson(diagnostics);
    writeJson(console, { target: DOCKER, proven: true, artifacts, approximations: [], diagnostics: shown });
    return;
  }
  printArtifacts(console, artifacts, options.output);
  reportDiagnostics(console, diagnostics);
  const { colors } = console.stderr;
  console.stderr.write(
    `${colors.green('proven')}: no port is published for more than the policy lets in; what decides about packets are the rules of the machine (\`portcullis apply\`)\n`,
  );
}

function isClusterTarget(name: TargetName | ClusterTargetName): name is ClusterTargetName {
  return CLUSTER_TARGET_NAMES.some((each) => each === name);
}

/** Manifests, by themselves or in a package, that are proven as they are in it. */
function tellManifests(
  console: Console,
  { artifacts, proof }: { readonly artifacts: readonly Artifact[]; readonly proof: ClusterProof },
  name: string,
  { output, json }: RenderOptions,
): void {
  if (output !== undefined) writeArtifacts(console, output, artifacts);
  if (json === true) {
    writeJson(console, { ...clusterProofJson(proof), target: name, artifacts });
    return;
  }
  printArtifacts(console, artifacts, output);
  tellClusterProof(console, proof);
}

/** What is no firewall: settings for those who are to use the gateway. There is nothing to prove about them. */
async function renderForPrograms(console: Console, path: string | undefined, options: RenderOptions): Promise<void> {
  const source = await policySource(console, path);
  const intent = soundPolicy(withContainers(console, options.docker), source, accountsOf(console, options.account));
  if (intent.gateway === undefined) throw stop(EXIT.unusable, CLI_PROBLEMS.noGatewayHere, source.name);
  const artifacts = clientSettings(intent, intent.gateway);
  if (options.output !== undefined) writeArtifacts(console, options.output, artifacts);
  if (options.json === true) {
    writeJson(console, { target: PROGRAMS, proven: false, artifacts, approximations: [], diagnostics: [] });
    return;
  }
  printArtifacts(console, artifacts, options.output);
  console.stderr.write(
    'the `proxy` section belongs into your openclaw.json; the environment into that of its service: `EnvironmentFile=` of systemd, `env_file:` of Compose\n',
  );
}

function writeArtifacts(console: Console, folder: string, artifacts: readonly Artifact[]): void {
  for (const { name, text } of artifacts) writeFile(console, join(folder, name), text);
}

/** schema/render.json */
function renderJson(proof: Proof, artifacts: readonly Artifact[]) {
  return {
    target: proof.target,
    proven: proof.holds,
    artifacts,
    approximations: proof.approximations.map(approximationJson),
    diagnostics: diagnosticsJson(proof.diagnostics),
  };
}

/** The configuration on standard output, what to know about it on standard error. */
function tell(console: Console, proof: Proof, artifacts: readonly Artifact[], folder: string | undefined): void {
  const { colors } = console.stderr;
  printArtifacts(console, artifacts, folder);
  reportDiagnostics(
    console,
    proof.diagnostics.filter((each) => each.severity !== 'error'),
  );
  for (const each of proof.approximations) console.stderr.write(approximationText(each));
  const { length } = proof.approximations;
  const but = length === 0 ? '' : `, but for the ${length === 1 ? 'approximation' : `${length} approximations`} above`;
  console.stderr.write(`${colors.green('proven')}: this lets through exactly what the policy allows${but}\n`);
}

function printArtifacts(console: Console, artifacts: readonly Artifact[], folder: string | undefined): void {
  const isMany = artifacts.length > 1; // then each says which file it is
  for (const { name, text } of artifacts) {
    if (folder === undefined) console.stdout.write(isMany ? `# ==> ${name} <==\n${text}` : text);
    else console.stderr.write(`wrote ${escapeControls(join(folder, name))}\n`);
  }
}
