/** What nft is asked: to load a ruleset into an empty kernel. */
export interface Load {
  readonly text: string;
  readonly format: 'text' | 'json';
}

/** What came of it. */
export type Loaded =
  | { readonly kind: 'refused'; readonly said: string } // nft's own words; a crash of nft is a refusal too
  | { readonly kind: 'listed'; readonly text: string; readonly json: string; readonly isWhole: boolean } // as nft itself says
  | { readonly kind: 'unlisted'; readonly said: string }; // loaded, but nft cannot list what it loaded

export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly result: Loaded }
  | { readonly kind: 'failed'; readonly problem: string };
