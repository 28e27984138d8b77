import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, run } from '../host/process.ts';
import { formatAddress, parseAddress } from '../net/index.ts';

/** A connection as conntrack has it: how its first packet went, and how its replies come. They mirror each other without NAT. */
export interface Tracked {
  readonly family: 4 | 6;
  readonly protocol: number;
  readonly state?: string; // of TCP and SCTP
  readonly original: Tuple;
  readonly reply: Tuple;
}

export interface Tuple {
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
}

const HEAD = /^(ipv[46])\s+\d+\s+\S+\s+(\d+)\s+(.*)$/;
const TUPLE = /\bsrc=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?/g;

/** Lines of /proc/net/nf_conntrack, and of `conntrack -L -o extended`, which are alike; what is no such line is passed over. */
export function parseConntrack(text: string): Tracked[] {
  return text.split('\n').flatMap((line) => {
    const [, family, protocol, rest = ''] = HEAD.exec(line) ?? [];
    const [original, reply] = [...rest.matchAll(TUPLE)].map(tuple);
    if (family === undefined || original === undefined || reply === undefined) return [];
    const state = /^\d+ ([A-Z_0-9]+) /.exec(rest)?.[1];
    return [
      {
        family: family === 'ipv4' ? 4 : 6,
        protocol: Number(protocol),
        ...(state === undefined ? {} : { state }),
        original,
        reply,
      },
    ];
  });
}

function tuple([, src = '', dst = '', sport, dport]: RegExpMatchArray): Tuple | undefined {
  const [from, to] = [parseAddress(src), parseAddress(dst)];
  if (from === undefined || to === undefined) return undefined;
  const ports = sport === undefined ? {} : { sport: Number(sport), dport: Number(dport) };
  return { src: formatAddress(from), dst: formatAddress(to), ...ports };
}

const LIST_TIMEOUT_MS = 60_000;
const MOST_OUTPUT = 512 * 2 ** 20; // bytes: over two million connections

/** Every connection that conntrack knows; a sentence where that cannot be said. */
export async function listTracked(proc: string): Promise<readonly Tracked[] | string> {
  if (findProgram('conntrack') === undefined) return listFromProc(proc);
  const options = { timeoutMs: LIST_TIMEOUT_MS, maxOutputBytes: MOST_OUTPUT, ownGroup: true };
  const lists: Tracked[] = [];
  for (const family of ['ipv4', 'ipv6']) {
    const { exitCode, stdout, stderr } = await run('conntrack', ['-L', '-f', family, '-o', 'extended'], options);
    if (exitCode !== 0) return `connections are not known: \`conntrack -L\` failed (${stderr.trim().split('\n')[0]})`;
    lists.push(...parseConntrack(stdout));
  }
  return lists;
}

function listFromProc(proc: string): readonly Tracked[] | string {
  try {
    return parseConntrack(readFileSync(join(proc, 'net/nf_conntrack'), 'utf8'));
  } catch {
    return 'connections are known by their sockets only: `conntrack` is not installed, and /proc/net/nf_conntrack is not there';
  }
}

/** What `conntrack -D` must be told to delete one connection: as its first packet went, and where the replies come from. */
export function deletionArguments(
  family: 4 | 6,
  protocol: number,
  { src, sport }: { readonly src: string; readonly sport?: number },
  { dst, dport }: { readonly dst: string; readonly dport?: number },
): string[] {
  return [
    '-D',
    '-f',
    family === 4 ? 'ipv4' : 'ipv6',
    '-p',
    String(protocol),
    '--orig-src',
    src,
    '--reply-src',
    dst,
    ...(sport === undefined ? [] : ['--orig-port-src', String(sport)]),
    ...(dport === undefined ? [] : ['--reply-port-src', String(dport)]),
  ];
}
