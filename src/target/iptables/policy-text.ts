import { SourceFile } from '../../source/index.ts';
import type { Program } from './ast.ts';
import { isPolicyChain, SLOTS } from './names.ts';
import { parseFiles } from './parse.ts';
import { rulesFile } from './print.ts';
import { FAMILIES } from './stage-standing.ts';

/**
 * The policy of texts that were written to be loaded at boot (`plainText`), under the names that it has in no slot. Lines that take away
 * what stood before belong to the loading and not to the policy. `undefined` where it cannot be read.
 */
export function policyOfText(texts: { readonly v4: string; readonly v6: string }): Program | undefined {
  const files = FAMILIES.map((family) => {
    const text = family === 4 ? texts.v4 : texts.v6;
    const gone = new Set([...text.matchAll(/^-X (\S+)$/gm)].map(([, name]) => name));
    const lines = text
      .split('\n')
      .filter((line) => !line.startsWith('-X ') && !gone.has(/^:(\S+) /.exec(line)?.[1]))
      .map(withoutSlot);
    const head = family === 4 ? 'iptables' : 'ip6tables';
    return new SourceFile(rulesFile(family), [`# Written by Portcullis for ${head}-restore:`, ...lines].join('\n'));
  });
  return parseFiles(files).ast;
}

/** Names of chains stand after `:`, `-A`, `-g` and `-j` alone; a comment may look like anything, and is in quotes or one word. */
function withoutSlot(line: string): string {
  return line.replace(/^(:|-A )(PC-\S+)|( -[gj] )(PC-\S+)$/g, (whole: string, ...found: (string | undefined)[]) => {
    const [start, declared, lead, led] = found;
    return declared === undefined ? `${lead ?? ''}${plain(led ?? whole)}` : `${start ?? ''}${plain(declared)}`;
  });
}

function plain(name: string): string {
  const slot = SLOTS.find((each) => name.startsWith(`PC-${each}-`));
  return isPolicyChain(name) && slot !== undefined ? `PC-${name.slice(`PC-${slot}-`.length)}` : name;
}
