import type { Diagnostic } from '../diagnostic/index.ts';
import type { Intent, Match, Origin, Ruleset } from '../ir/index.ts';
import type { SourceFile, Span } from '../source/index.ts';

/**
 * A firewall that a policy can be written for and that can be read back. `lower` and `print` write; `parse` and `lift` read;
 * no target may import `semantics/`: a generator that can call the checker will agree with it.
 */
export interface Target<Ast> {
  readonly name: string; // as `portcullis render <name>` takes it
  readonly title: string; // as people know it
  readonly lower: (intent: Intent) => Lowered<Ast>;
  readonly print: (ast: Ast) => readonly Artifact[];
  readonly parse: (files: readonly SourceFile[]) => Parsed<Ast>;
  readonly lift: (ast: Ast) => Lifted;
}

/** A file to be written; `name` is relative and has no `..`. */
export interface Artifact {
  readonly name: string;
  readonly text: string;
}

export interface Lowered<Ast> {
  readonly ast: Ast;
  readonly approximations: readonly Approximation[];
  readonly diagnostics: readonly Diagnostic[]; // an error means: do not print
}

/**
 * A difference between what the policy asks and what this firewall can do, declared by the target itself. `verify/`
 * accepts no difference outside the packets that are declared here.
 */
export interface Approximation {
  /**
   * The firewall lets through more, or less, than the policy, refuses in another way (drop for reject, or the reverse), or lets through
   * what the policy lets through, but to another place.
   */
  readonly effect: 'wider' | 'narrower' | 'refusal' | 'elsewhere';
  readonly packets: Match; // at most these
  readonly sentence: string; // for the user: no capital, no full stop
  readonly help?: string;
  readonly origin: Origin;
}

export interface Parsed<Ast> {
  readonly ast: Ast | undefined; // undefined where there are errors that leave nothing to lift
  readonly diagnostics: readonly Diagnostic[];
}

export interface Lifted {
  readonly ruleset: Ruleset;
  readonly opaque: readonly Opaque[];
}

/** Text that the reader does not understand, and the packets whose verdict it might change. */
export interface Opaque {
  readonly span: Span;
  readonly text: string;
  readonly packets: Match;
  readonly reason: string;
}
