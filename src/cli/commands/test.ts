import { Command, InvalidArgumentError } from 'commander';
import { coverage, planProbes, provePolicyTests, replay, stageFor } from '../../analysis/index.ts';
import { hostCapabilities, type Isolation, requireIsolation } from '../../host/index.ts';
import type { Intent, Ruleset } from '../../ir/index.ts';
import { hostIntent } from '../../resolve/index.ts';
import { withoutTranslations } from '../../semantics/index.ts';
import { ACCOUNT_OPTION, accountsOf, collect } from '../accounts.ts';
import { type Console, EXIT, type ExitCode, JSON_OPTION, writeJson } from '../console.ts';
import { DOCKER_OPTION, withContainers } from '../containers.ts';
import { whatTheMachineSays } from '../lab/machine.ts';
import { countersByFlow, nftRules, provenRules } from '../lab/policy-in-nft.ts';
import { runInLab } from '../lab/run.ts';
import { policyWithStandIns } from '../lab/stand-ins.ts';
import { holds, type KernelOutcome, type TestRun, testJson } from '../lab/test-outcome.ts';
import { testText } from '../lab/test-text.ts';
import { POLICY_ARGUMENT, policySource } from '../policy-input.ts';

interface TestOptions {
  readonly lab?: boolean;
  readonly probes: number;
  readonly account?: readonly string[];
  readonly docker?: readonly string[];
  readonly json?: boolean;
}

const DEFAULT_PROBES = 2_000;

export function testCommand(console: Console): Command {
  return new Command('test')
    .description(
      'Proves the tests of a policy on the policy and on the nftables text, and asks both about packets made for every flow.',
    )
    .argument('[policy]', POLICY_ARGUMENT)
    .option('--lab', 'also send the packets through the real kernel, in a private network')
    .option('--probes <number>', 'at most so many generated packets', positive, DEFAULT_PROBES)
    .option('--account <name=uid>', ACCOUNT_OPTION, collect)
    .option('--docker <file>', DOCKER_OPTION, collect)
    .option('--json', JSON_OPTION)
    .addHelpText('after', HELP)
    .action(async (policy: string | undefined, options: TestOptions) => {
      console.exitCode = await whatTheMachineSays(() => test(console, policy, options));
    });
}

const HELP = `
With --lab every packet is sent twice: without the policy, when it must pass, and with it. Nothing outside the private
network is touched, and nothing is left behind. As an ordinary user it takes unprivileged user namespaces.

What a green run does not prove: packets that were not sent (the proof on the text covers those), other kernels, and
what another firewall on the same machine does after this one has accepted.

Exit codes: 0 everything holds; 1 a test fails or a packet contradicts the policy; 2 the policy has errors;
4 with --lab, this machine cannot make a private network or has no nft.`;

async function test(console: Console, path: string | undefined, options: TestOptions): Promise<ExitCode> {
  // Before any work: who asks for real packets wants to know at once that there will be none.
  const isolation = options.lab === true ? requireIsolation(await hostCapabilities()) : undefined;
  const source = await policySource(console, path);
  const intent = policyWithStandIns(
    withContainers(console, options.docker),
    source,
    accountsOf(console, options.account),
  );
  const run = await testRun(console, source.name, intent, options.probes, isolation);
  if (options.json === true) writeJson(console, testJson(run));
  else console.stdout.write(testText(console.stdout, run));
  return holds(run) ? EXIT.holds : EXIT.findings;
}

async function testRun(
  console: Console,
  policy: string,
  intent: Intent,
  limit: number,
  isolation: Isolation | undefined,
): Promise<TestRun> {
  const host = hostIntent(intent);
  const rules = provenRules(host);
  const stage = stageFor(host);
  const plan = planProbes(host, stage, limit);
  const reasoned = {
    policy,
    onPolicy: provePolicyTests(intent),
    onNftables: testsOfKernel(intent, host, rules.ruleset),
    plan,
    replays: replay(plan.probes, rules.ruleset, rules.declared),
  };
  if (isolation === undefined) return reasoned;
  const lab = await runInLab(
    {
      probes: plan.probes,
      stage,
      rules: nftRules(rules.text),
      declared: rules.declared,
      ...(host.gateway === undefined ? {} : { gateway: host.gateway.listeners }),
      onProgress: progress(console),
    },
    isolation,
  );
  return { ...reasoned, lab, coverage: coverage(host, plan, lab.results, countersByFlow(lab.counters)) };
}

/** What a policy's tests come to on its rules, in their order: what can be reached directly, without the gateway. */
function testsOfKernel(policy: Intent, host: Intent, rules: Ruleset): readonly KernelOutcome[] {
  const outcomes = new Map(
    provePolicyTests(host, withoutTranslations(rules)).map((outcome) => [outcome.test.origin, outcome] as const),
  );
  return policy.tests.map((test) => outcomes.get(test.origin) ?? { kind: 'gateway', test });
}

/** On a terminal only, one line that is written over. */
function progress(console: Console): (sent: number, of: number) => void {
  const { stderr } = console;
  if (!stderr.isTerminal) return () => undefined;
  return (sent, of) => stderr.write(sent === of ? '\r\u001b[K' : `\r${sent} of ${of} packets sent`);
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('it must be a whole number from 1 on');
  return number;
}
