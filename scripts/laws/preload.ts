/**
 * For `node --import`: laws asked of `fast-check` ask `fast-check.ts` beside this file, which says by what seed and for how long. Files without laws
 * load nothing of it.
 */
import { registerHooks } from 'node:module';

const OURS = new URL('fast-check.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'fast-check' && context.parentURL !== OURS
      ? { url: OURS, shortCircuit: true }
      : next(specifier, context),
});
