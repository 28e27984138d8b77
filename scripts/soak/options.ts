import { parseArgs } from 'node:util';

/** What a soak is asked for on its command line. */
export interface SoakOptions {
  readonly seed: number;
  readonly from: number;
  readonly to: number; // exclusive
  readonly packets: number; // of one ruleset
  readonly write: boolean; // keep the result in test/judge/results
}

/**
 * `--seed N --rulesets N --packets N`; `--only` judges one ruleset of a seed again, `--from` goes on where a run ended, `--write` keeps the
 * result. What is no whole number ends the process with 2.
 */
export function soakOptions(defaults: { readonly rulesets: number; readonly packets: number }): SoakOptions {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      rulesets: { type: 'string', default: String(defaults.rulesets) },
      packets: { type: 'string', default: String(defaults.packets) },
      from: { type: 'string', default: '0' },
      only: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const from = wholeNumber('only', values.only ?? values.from);
  return {
    seed: wholeNumber('seed', values.seed),
    from,
    to: values.only === undefined ? wholeNumber('rulesets', values.rulesets) : from + 1,
    packets: wholeNumber('packets', values.packets),
    write: values.write,
  };
}

export function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  process.stderr.write(`--${name} takes a whole number, not \`${text}\`\n`);
  process.exit(2);
}
