import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { SourceFile, Span } from '../../source/index.ts';
import type { IpSet, IpSetElement } from './ast.ts';
import { linesOf, wordsOf } from './line.ts';
import { IPTABLES_PROBLEMS } from './problems.ts';

export function isIpsetSave(file: SourceFile): boolean {
  return /^(?:create|add)\s+\S+\s+\S+/m.test(file.text) && !/^\s*\*/m.test(file.text);
}

/** What `ipset save` prints. */
export function parseIpset(file: SourceFile): {
  readonly sets: readonly IpSet[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const sets = new Map<string, IpSet & { readonly elements: IpSetElement[] }>();
  const diagnostics: Diagnostic[] = [];
  for (const { start, end } of linesOf(file)) {
    const span: Span = { file, start, end };
    const words = wordsOf(file, start, end)?.map(({ text }) => text);
    const fail = (what: string): void => void diagnostics.push(diagnose(IPTABLES_PROBLEMS.ipsetSyntax, span, what));
    if (words === undefined) {
      fail('a quote is never closed');
      continue;
    }
    const [command, name, value, ...rest] = words.filter((word) => word !== '-exist' && word !== '-!');
    if (command === undefined || command.startsWith('#')) continue;
    if (name === undefined || value === undefined) {
      fail('a set and what it holds are missing');
      continue;
    }
    switch (command) {
      case 'create': {
        const family = rest[rest.indexOf('family') + 1];
        const hasFamily = rest.includes('family');
        sets.set(name, {
          name,
          type: value,
          ...(hasFamily ? { family: family === 'inet6' ? 6 : 4 } : value.startsWith('bitmap:ip') ? { family: 4 } : {}),
          isTimed: rest.includes('timeout'),
          elements: [],
          span,
        });
        break;
      }
      case 'add': {
        const set = sets.get(name);
        if (set === undefined) fail(`there is no set \`${name}\` above`);
        else set.elements.push(elementOf(value, rest, span));
        break;
      }
      default:
        fail(`\`${command}\` is no command that a saved set has`);
    }
  }
  return { sets: [...sets.values()], diagnostics };
}

function elementOf(value: string, options: readonly string[], span: Span): IpSetElement {
  const seconds = options[options.indexOf('timeout') + 1];
  return {
    parts: value.split(','),
    excepted: options.includes('nomatch'),
    isTimed: options.includes('timeout') && seconds !== '0',
    span,
  };
}
