import { join } from 'node:path';

/**
 * The enforcer: as it is published where somebody has built it (scripts/test.ts), else from its sources. Each of its processes starts
 * others with nothing of its environment, so that nothing would spare them the sources' translation, which is most of their time.
 */
export const ENFORCER =
  process.env.PORTCULLIS_BUILT === undefined
    ? join(import.meta.dirname, '../../src/enforcer/main.ts')
    : join(process.env.PORTCULLIS_BUILT, 'enforcer/main.js');
