import koffi from 'koffi';
import { CORPUS } from '../../corpus/read.ts';
import type { Load, Loaded } from './protocol.ts';

/** The library behind nft (libnftables(3)), in this process: a hundred times faster than to start nft, and it ends with it. */
const library = koffi.load('libnftables.so.1');
koffi.pointer('NftContext', koffi.opaque());
const functions = {
  make: library.func('NftContext nft_ctx_new(uint32_t flags)'),
  free: library.func('void nft_ctx_free(NftContext context)'),
  includePath: library.func('int nft_ctx_add_include_path(NftContext context, const char *path)'),
  bufferOutput: library.func('int nft_ctx_buffer_output(NftContext context)'),
  bufferError: library.func('int nft_ctx_buffer_error(NftContext context)'),
  output: library.func('const char *nft_ctx_get_output_buffer(NftContext context)'),
  error: library.func('const char *nft_ctx_get_error_buffer(NftContext context)'),
  setFlags: library.func('void nft_ctx_output_set_flags(NftContext context, unsigned int flags)'),
  run: library.func('int nft_run_cmd_from_buffer(NftContext context, const char *commands)'),
};

/** NFT_CTX_OUTPUT_* of nftables/libnftables.h. */
const AS_TEXT = 1 << 3; // with handles
const AS_JSON = 1 << 4;

export function loaded({ text, format }: Load): Loaded {
  run('flush ruleset', AS_TEXT);
  const load = run(text, format === 'json' ? AS_JSON : AS_TEXT);
  if (!load.worked) return { kind: 'refused', said: load.said };
  const [asText, asJson] = [run('list ruleset', AS_TEXT), run('list ruleset', AS_JSON)];
  const failed = [asText, asJson].find(({ worked }) => !worked);
  if (failed !== undefined) return { kind: 'unlisted', said: failed.said };
  if (!isJson(asJson.output)) return { kind: 'unlisted', said: asJson.output };
  // Of what it cannot read back it says so, and leaves it out of an otherwise good listing.
  const isWhole = !/\berror: /i.test(asText.said + asJson.said);
  return { kind: 'listed', text: asText.output, json: asJson.output, isWhole };
}

/** For the flags of a table nft 1.0.6 writes what it finds in memory, and its JSON ends there where those bytes are no text. */
function isJson(output: string): boolean {
  try {
    JSON.parse(output);
    return true;
  } catch {
    return false;
  }
}

interface Run {
  readonly worked: boolean;
  readonly output: string;
  readonly said: string;
}

/** In a context of its own: one that is used again remembers variables. */
function run(commands: string, flags: number): Run {
  const context: unknown = functions.make(0);
  try {
    functions.includePath(context, CORPUS);
    functions.bufferOutput(context);
    functions.bufferError(context);
    functions.setFlags(context, flags);
    const result: unknown = functions.run(context, commands);
    return { worked: result === 0, output: String(functions.output(context)), said: String(functions.error(context)) };
  } finally {
    functions.free(context);
  }
}
