import { type Diagnostic, diagnose, hasErrors } from '../diagnostic/index.ts';
import type { Intent } from '../ir/index.ts';
import { DiagramTooLarge, HeaderSpace, UNWATCHED, type Watcher } from '../packetset/index.ts';
import { intentRuleset } from '../semantics/index.ts';
import { SourceFile } from '../source/index.ts';
import type { Approximation, Artifact, Lifted, Target } from '../target/index.ts';
import { compare } from './compare.ts';
import { VERIFY_PROBLEMS } from './problems.ts';
import type { Proof } from './proof.ts';

/**
 * Translation validation: text is parsed, lifted and compared with the intent, packet by packet.
 * @param artifacts the text to prove; absent: what the target itself writes for the intent
 */
export function verifyTarget<Ast>(
  target: Target<Ast>,
  intent: Intent,
  artifacts?: readonly Artifact[],
  watcher: Watcher = UNWATCHED,
): Proof {
  const lowered = target.lower(intent);
  if (hasErrors(lowered.diagnostics)) return failed(target, [], lowered.diagnostics);
  const written = artifacts ?? target.print(lowered.ast);
  const files = written.map((artifact) => new SourceFile(artifact.name, artifact.text));
  const parsed = target.parse(files);
  if (parsed.ast === undefined || hasErrors(parsed.diagnostics)) {
    const [first] = parsed.diagnostics;
    const unread = diagnose(VERIFY_PROBLEMS.unread, first?.span, target.title, first?.message ?? 'nothing was found');
    return failed(target, written, [...lowered.diagnostics, unread]);
  }
  return prove(target, intent, written, target.lift(parsed.ast), lowered.approximations, lowered.diagnostics, watcher);
}

/** What the command line prints: the artifacts only with a proof that holds, the proof in any case. */
export function renderProven<Ast>(
  target: Target<Ast>,
  intent: Intent,
  watcher: Watcher = UNWATCHED,
): { readonly artifacts: readonly Artifact[] | undefined; readonly proof: Proof } {
  const proof = verifyTarget(target, intent, undefined, watcher);
  return { artifacts: proof.holds ? proof.artifacts : undefined, proof };
}

function prove<Ast>(
  target: Target<Ast>,
  intent: Intent,
  artifacts: readonly Artifact[],
  lifted: Lifted,
  declared: readonly Approximation[],
  diagnostics: readonly Diagnostic[],
  watcher: Watcher,
): Proof {
  try {
    const result = compare(HeaderSpace.watched(watcher), intentRuleset(intent), lifted.ruleset, declared);
    const count = result.unexplained.length;
    const problems = [
      ...(count === 0 ? [] : [diagnose(VERIFY_PROBLEMS.unproven, undefined, target.title, count)]),
      ...lifted.opaque.map((each) => diagnose(VERIFY_PROBLEMS.unread, each.span, target.title, each.reason)),
    ];
    return {
      target: target.name,
      holds: problems.length === 0,
      artifacts,
      ...result,
      opaque: lifted.opaque,
      diagnostics: [...diagnostics, ...problems],
    };
  } catch (error) {
    if (!(error instanceof DiagramTooLarge)) throw error;
    return failed(target, artifacts, [...diagnostics, diagnose(VERIFY_PROBLEMS.tooLarge, undefined, target.title)]);
  }
}

function failed<Ast>(target: Target<Ast>, artifacts: readonly Artifact[], diagnostics: readonly Diagnostic[]): Proof {
  return {
    target: target.name,
    holds: false,
    artifacts,
    approximations: [],
    unexplained: [],
    opaque: [],
    diagnostics,
  };
}
