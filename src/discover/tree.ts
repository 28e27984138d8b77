import type { Span } from '../source/index.ts';

/** A value of a configuration, with its place in the file it was written in. */
export type ConfigNode =
  | { readonly kind: 'mapping'; readonly members: ReadonlyMap<string, Member>; readonly span: Span }
  | { readonly kind: 'list'; readonly items: readonly ConfigNode[]; readonly span: Span }
  | { readonly kind: 'text'; readonly value: string; readonly span: Span; readonly unset?: string }
  | { readonly kind: 'number'; readonly value: number; readonly span: Span }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly span: Span }
  | { readonly kind: 'null'; readonly span: Span };

export interface Member {
  readonly keySpan: Span;
  readonly value: ConfigNode;
}

/** What a value is, in words that fit after "this is". */
export function kindName(node: ConfigNode): string {
  switch (node.kind) {
    case 'mapping':
      return 'a mapping';
    case 'list':
      return 'a list';
    case 'text':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
  }
}
