import { ArmedKeeper, askKeeper, endKeeper } from './keeper-link.ts';
import type { Loaded } from './loading.ts';
import type { Paths } from './paths.ts';
import type { WatchedTexts } from './protocol.ts';
import type { Trial } from './trial.ts';
import { loadStep, markKept, readMarks, trialComment } from './xtables.ts';

/**
 * The steps of a change with iptables that a process keeps (docs/decisions/0009-a-trial-kept-by-a-process.md). Packets meet it between `on`
 * and `off`, or `on` and `confirm`; marks in the kernel tell whoever comes next how far it has come.
 */

type Later = Pick<WatchedTexts, 'confirm' | 'revert'>;

/** On trial: the keeper is ready before anything is loaded, and alone brings the change into force. @throws Refusal where it cannot start */
export async function loadOnTrial(texts: WatchedTexts, id: string, seconds: number): Promise<Loaded> {
  const keeper = await ArmedKeeper.arm(id, { seconds, on: texts.on, off: texts.off });
  const loaded = await loadStep(texts.begin);
  if (loaded.kind !== 'taken') keeper.dismiss();
  const thrown = loaded.kind === 'taken' ? await keeper.on() : loaded;
  if (thrown.kind === 'refused') await loadStep(texts.revert); // no packet meets it
  return thrown;
}

/** Without a trial: it is marked as kept before it comes into force, so that whoever finds it half done goes on. */
export async function loadForGood(texts: WatchedTexts): Promise<Loaded> {
  for (const step of [() => loadStep(texts.begin), markKept, () => loadStep(texts.confirm)]) {
    const loaded = await step();
    if (loaded.kind === 'refused') await loadStep(texts.revert);
    if (loaded.kind !== 'taken') return loaded;
  }
  return { kind: 'taken' };
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
  const said = await askKeeper(paths, question);
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
