import { FILE_PROBLEMS } from './file-problems.ts';
import { GATEWAY_FILE_PROBLEMS } from './gateway-problems.ts';
import { SHAPE_PROBLEMS } from './shape-problems.ts';
import { WORD_PROBLEMS } from './word-problems.ts';

/** What can be wrong with a policy file by itself, before its names are looked up. */
export const POLICY_PROBLEMS = {
  ...FILE_PROBLEMS,
  ...SHAPE_PROBLEMS,
  ...WORD_PROBLEMS,
  ...GATEWAY_FILE_PROBLEMS,
} as const;
