import assert from 'node:assert/strict';
import type { Flow, Ruleset, Verdict } from '../../src/ir/index.ts';
import { parseAddress } from '../../src/net/index.ts';
import { HeaderSpace } from '../../src/packetset/index.ts';
import { denote, evaluate, includes } from '../../src/semantics/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { meaningOf } from './meaning.ts';

export type Packet = Partial<Omit<Flow, 'src' | 'dst'>> & { readonly src?: string; readonly dst?: string };

/** A TCP opening to port 22 of this machine, unless said otherwise. */
export function packet({ src, dst, ...parts }: Packet): Flow {
  const family = parts.family ?? 4;
  const hook = parts.hook ?? 'input';
  const protocol = parts.protocol ?? 6;
  const hasPorts = [6, 17, 33, 132, 136].includes(protocol);
  return {
    hook,
    family,
    src: parseAddress(src ?? (family === 4 ? '203.0.113.9' : '2001:db8::9'))!,
    dst: parseAddress(dst ?? (family === 4 ? '192.0.2.1' : '2001:db8::1'))!,
    protocol,
    ...(hasPorts ? { sport: 40000, dport: 22 } : {}),
    ...(protocol === 6 ? { tcpFlags: 2 } : {}),
    state: 'new',
    ...(hook === 'output' ? {} : { inInterface: 'eth0' }),
    ...(hook === 'input' ? {} : { outInterface: 'eth1' }),
    srcType: 'unicast',
    dstType: hook === 'input' ? 'local' : 'unicast',
    symbols: new Set(),
    ...parts,
  };
}

/** The verdict on a packet, asked of it alone and of the set of all packets. */
export function decided(ruleset: Ruleset, flow: Flow): Verdict {
  const { verdict } = evaluate(ruleset, flow);
  assert.ok(includes(denote(new HeaderSpace(), ruleset)[verdict], flow), 'the set of packets says otherwise');
  return verdict;
}

export function verdictOf(text: string, flow: Flow): Verdict {
  return decided(meaningOf(new SourceFile('rules.nft', text)), flow);
}

/** Rules of an input chain that drops what they leave. */
export function input(rules: string, declarations = '', family = 'inet'): string {
  return `table ${family} t {\n${declarations}\nchain c {\ntype filter hook input priority 0; policy drop;\n${rules}\n}\n}\n`;
}

export function symbolOf(text: string, place: string): ReadonlySet<string> {
  return new Set([`\`${text}\` at ${place}`]);
}
