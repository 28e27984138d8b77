import { Command } from 'commander';
import { pathEntry } from '../../analysis/index.ts';
import { type Console, EXIT, type ExitCode, JSON_OPTION, writeJson } from '../console.ts';
import { type Steps, type Story, tellStory, wentWell } from '../demo/story.ts';
import { checkedPolicy, ending, introduction, packets, proposedPolicy, renderedRules } from '../demo/text.ts';
import { whatTheMachineSays } from '../lab/machine.ts';
import { packetJson } from '../lab/test-outcome.ts';
import { diagnosticsJson } from '../report.ts';

interface DemoOptions {
  readonly json?: boolean;
}

export function demoCommand(console: Console): Command {
  return new Command('demo')
    .description(
      "Takes an agent's configuration all the way to real packets in a private network. Touches nothing, needs no arguments.",
    )
    .option('--json', JSON_OPTION)
    .addHelpText(
      'after',
      '\nExit codes: 0 every packet did what the policy says; 1 one did not; 4 this machine cannot make a private network.',
    )
    .action(async (options: DemoOptions) => {
      console.exitCode = await whatTheMachineSays(() => demo(console, options));
    });
}

async function demo(console: Console, options: DemoOptions): Promise<ExitCode> {
  const { stdout } = console;
  if (options.json === true) {
    const story = await tellStory(console, SILENT);
    writeJson(console, demoJson(story));
    return exitCode(story);
  }
  stdout.write(introduction(stdout));
  const story = await tellStory(console, {
    proposed: (proposal) => stdout.write(proposedPolicy(stdout, proposal)),
    checked: (_intent, tests) => stdout.write(checkedPolicy(stdout, tests)),
    rendered: (rules, tookMs) => stdout.write(renderedRules(stdout, rules, tookMs)),
  });
  stdout.write(packets(stdout, story));
  stdout.write(ending(stdout, story));
  return exitCode(story);
}

const SILENT: Steps = { proposed: () => undefined, checked: () => undefined, rendered: () => undefined };

function exitCode(story: Story): ExitCode {
  if ('refused' in story.sent) return EXIT.machine;
  return wentWell(story) ? EXIT.holds : EXIT.findings;
}

/** schema/demo.json */
function demoJson(story: Story): object {
  const { proposal, tests, rules, plan, sent } = story;
  return {
    ok: wentWell(story),
    policy: proposal.text,
    tests: {
      passed: tests.filter(({ kind }) => kind === 'passed').length,
      failed: tests.filter(({ kind }) => kind !== 'passed').length,
    },
    proof: {
      holds: rules.proof.holds,
      approximations: rules.proof.approximations.map(({ approximation }) => approximation.sentence),
    },
    ...('lab' in sent
      ? {
          isolation: sent.lab.isolation,
          packets: sent.lab.results.map(packetJson),
          counters: Object.fromEntries(sent.counters),
        }
      : {
          diagnostics: diagnosticsJson([sent.refused]),
          packets: plan.probes.map((probe) => ({
            about: probe.about,
            expected: probe.expected.verdict,
            path: probe.expected.path.map(pathEntry),
          })),
        }),
    milliseconds: Math.round(story.tookMs),
  };
}
