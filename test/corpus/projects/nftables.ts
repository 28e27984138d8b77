import { compareReading } from '../../fuzz/nft/compare.ts';
import type { NftWorld } from '../../fuzz/nft/world.ts';
import type { Listing } from './nftables-inputs.ts';
import type { Graded, Outcome } from './outcome.ts';

/** What our reader makes of a text that nft loads, and of both listings of what it has loaded. */
export async function gradeListing(world: NftWorld, { place, text }: Listing): Promise<Graded> {
  return { place, outcome: await outcomeOf(world, text) };
}

async function outcomeOf(world: NftWorld, text: string): Promise<Outcome> {
  const answer = await world.load({ text, format: 'text' });
  if (answer.kind !== 'listed') return { kind: 'not accepted', said: answer.said };
  const loaded = { ...answer, json: withDevice(answer.json) };
  let isOpaque = false;
  for (const [what, input] of [
    ['the text', text],
    ['the listing', loaded.text],
    ['the listing in JSON', loaded.json],
  ] as const) {
    const failed = (why: string): Outcome => ({ kind: 'failed', why: `${what}: ${why}` });
    try {
      const comparison = compareReading({ text: input, format: input === loaded.json ? 'json' : 'text' }, loaded);
      switch (comparison.kind) {
        case 'same':
          if (what === 'the text') return { kind: 'meaning' }; // the listings have been compared with it
          break;
        case 'large': // too large to compare; no rule is missing
        case 'excused': // what nft lists is not what it has loaded
          break;
        case 'opaque':
          isOpaque = true;
          break;
        case 'only we refuse':
          return failed(comparison.said);
        case 'differs':
          return failed(comparison.what);
        case 'both refuse':
        case 'only nft refuses':
          throw new Error('nft has listed it');
      }
    } catch (error) {
      return failed(`crashed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { kind: isOpaque ? 'opaque' : 'meaning' };
}

/** nft 1.0.6 leaves the device of a chain out of its JSON, so that we do not know it; the inputs have `lo` only. */
function withDevice(json: string): string {
  return json.replaceAll(/"hook": "(?:ingress|egress)"(?=, "prio": -?\d+, "policy": "\w+"\}\})/g, '$&, "dev": "lo"');
}
