import { ArmedKeeper, askKeeper, endKeeper } from './keeper-link.ts';
import type { Loaded } from './loading.ts';
import type { Paths } from './paths.ts';
import type { WatchedTexts } from './protocol.ts';
import type { Trial } from './trial.ts';
import { loadStep, readMarks, trialComment } from './xtables.ts';

/**
 * The steps of a change with iptables that a process keeps (docs/decisions/0009-a-trial-kept-by-a-process.md). Packets meet it between `on`
 * and `off`, or `on` and `confirm`; marks in the kernel tell whoever comes next how far it has come.
 */

type Later = Pick<WatchedTexts, 'confirm' | 'revert'>;

/** On trial: the keeper is ready before anything is loaded, and alone brings the change into force. @throws Refusal where it cannot start */
export async function loadOnTrial(texts: WatchedTexts, id: string, seconds: number): Promise<Loaded> {
  using keeper = await ArmedKeeper.arm(id, { seconds, on: texts.on, off: texts.off });
  const loaded = await loadStep(texts.begin);
  const thrown = loaded.kind === 'taken' ? await keeper.on() : loaded;
  if (thrown.kind === 'refused') await loadStep(texts.revert); // no packet meets it
  return thrown;
}

const AT_ONCE_SECONDS = 20; // from the first family to the word that keeps it, on a busy machine

/** Without a trial that anybody sees: whoever dies on the way leaves a keeper that takes it back. */
export async function loadForGood(texts: WatchedTexts, paths: Paths, id: string): Promise<Loaded> {
  const loaded = await loadOnTrial(texts, id, AT_ONCE_SECONDS);
  const kept = loaded.kind === 'taken' ? await keep(paths, id) : loaded;
  if (loaded.kind === 'taken' && kept.kind === 'refused') await takeBack(texts, paths, id);
  return kept;
}

/** Has the keeper keep it, which decides. One that is silent is ended: it must not decide later. */
export async function keep(paths: Paths, id: string): Promise<Loaded> {
  return (await asked(paths, id, 'keep')) ?? { kind: 'unclear', why: 'the process that kept the trial is gone' };
}

export async function tidy({ confirm }: Later): Promise<Loaded> {
  return (await readMarks()).kept ? loadStep(confirm) : { kind: 'taken' };
}

/** The keeper takes it out of force; where there is none that can, we do. What is left of it goes. */
export async function takeBack({ revert }: Later, paths: Paths, id: string): Promise<Loaded> {
  if ((await readMarks()).on) await asked(paths, id, 'back');
  const loaded = await loadStep(revert);
  if (loaded.kind === 'taken') await endKeeper(paths, id); // one that could not take it back itself would try again
  return loaded;
}

/** Out of force before its time, where the keeper can do that. */
export async function end(paths: Paths, id: string): Promise<void> {
  await asked(paths, id, 'back');
}

async function asked(paths: Paths, id: string, question: 'keep' | 'back'): Promise<Loaded | undefined> {
  // One that says what is left hears the rest, too; a frozen one is not waited for.
  const hears = (await askKeeper(paths, 'left')) !== undefined;
  const said = hears ? await askKeeper(paths, question) : undefined;
  if (said?.kind === 'taken' || said?.kind === 'refused') return said;
  await endKeeper(paths, id);
  return undefined;
}

export async function readTrial(paths: Paths): Promise<Trial> {
  const { begun, on, kept } = await readMarks();
  if (!begun && !kept) return { kind: 'none' };
  const comment = await trialComment('process');
  if (kept) return { kind: 'kept', comment };
  if (!on) return { kind: 'expired', comment };
  const said = await askKeeper(paths, 'left');
  return said?.kind === 'left' && said.seconds > 0
    ? { kind: 'running', remainingSeconds: said.seconds, comment }
    : { kind: 'lost', comment };
}
