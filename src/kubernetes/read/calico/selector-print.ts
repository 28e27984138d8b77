import type { Selector } from '../../selector.ts';

/**
 * The expression for a selector, so that parsing it gives the same meaning. What Calico has no word for (`nothing`, a text with
 * both kinds of quotes) is written so that it matches nothing, which is the same: no label has such a value.
 */
export function printCalicoSelector(selector: Selector): string {
  switch (selector.kind) {
    case 'everything':
      return 'all()';
    case 'nothing':
      return '!all()';
    case 'has':
      return `has(${selector.key})`;
    case 'in': {
      const values = selector.values.map(quoted).filter((value) => value !== undefined);
      if (values.length === 0) return '!all()';
      return values.length === 1 ? `${selector.key} == ${values[0]}` : `${selector.key} in { ${values.join(', ')} }`;
    }
    case 'like': {
      const text = quoted(selector.text);
      return text === undefined ? '!all()' : `${selector.key} ${LIKE[selector.how]} ${text}`;
    }
    case 'all':
      return selector.of.length === 0 ? 'all()' : selector.of.map(inAll).join(' && ');
    case 'any':
      return selector.of.length === 0 ? '!all()' : selector.of.map(printCalicoSelector).join(' || ');
    case 'not':
      return negated(selector.of);
  }
}

const LIKE = { starts: 'starts with', ends: 'ends with', contains: 'contains' } as const;

function negated(selector: Selector): string {
  if (selector.kind === 'in') {
    const values = selector.values.map(quoted).filter((value) => value !== undefined);
    if (values.length === 0) return 'all()';
    return values.length === 1 ? `${selector.key} != ${values[0]}` : `${selector.key} not in { ${values.join(', ')} }`;
  }
  const text = printCalicoSelector(selector);
  return selector.kind === 'has' || selector.kind === 'everything' ? `!${text}` : `!(${text})`;
}

function inAll(selector: Selector): string {
  const part = bare(selector);
  const text = printCalicoSelector(part);
  return part.kind === 'any' && part.of.length > 1 ? `(${text})` : text;
}

/** Out of every list of one: what is written is its part, and that may need the parentheses. */
function bare(selector: Selector): Selector {
  if (selector.kind !== 'all' && selector.kind !== 'any') return selector;
  const [first, ...others] = selector.of;
  return first === undefined || others.length > 0 ? selector : bare(first);
}

/** Label values have no quotes (Kubernetes, labels: syntax); a selector of others may. */
function quoted(text: string): string | undefined {
  if (!text.includes("'")) return `'${text}'`;
  return text.includes('"') ? undefined : `"${text}"`;
}
