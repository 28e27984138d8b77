import { randomBytes } from 'node:crypto';

const BYTES = 8; // nobody has to guess them, and no two of a log are the same

/** What a record is called, and the request that it asks for. Typed behind a command (`requests approve`): never taken for an option. */
export function newRecordId(): string {
  return randomBytes(BYTES).toString('hex');
}
