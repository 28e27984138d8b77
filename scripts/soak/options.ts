import { parseArgs } from 'node:util';
import { NFT_RELEASES, type NftVersion } from '../../test/nft/release.ts';

/** What a soak is asked for on its command line. */
export interface SoakOptions {
  readonly seed: number;
  readonly from: number;
  readonly to: number; // exclusive
  readonly packets: number; // of one ruleset
  readonly write: boolean; // keep the result in test/judge/results
  readonly nft: NftVersion | undefined; // another one than the machine's own
}

/**
 * `--nft VERSION` loads the rulesets with an nft of another Debian release.
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
      nft: { type: 'string' },
    },
  });
  const from = wholeNumber('only', values.only ?? values.from);
  return {
    seed: wholeNumber('seed', values.seed),
    from,
    to: values.only === undefined ? wholeNumber('rulesets', values.rulesets) : from + 1,
    packets: wholeNumber('packets', values.packets),
    write: values.write,
    nft: nftVersion(values.nft),
  };
}

export function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  process.stderr.write(`--${name} takes a whole number, not \`${text}\`\n`);
  process.exit(2);
}

/** The value of `--nft`. An nft that we do not know ends the process with 2. */
export function nftVersion(text: string | undefined): NftVersion | undefined {
  const known = Object.keys(NFT_RELEASES) as NftVersion[]; // the keys of a record of NftVersion
  const version = known.find((each) => each === text);
  if (version !== undefined || text === undefined) return version;
  process.stderr.write(`--nft takes ${known.join(', ')}, not \`${text}\`\n`);
  process.exit(2);
}
