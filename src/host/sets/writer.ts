import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Address } from '../../net/index.ts';
import { ownProgram } from '../../own-files.ts';
import type { AddressSetName } from './fill.ts';
import { MOST_ENTRIES, MOST_SECONDS, requestLine } from './protocol.ts';

const MAIN = ownProgram('host/sets/writer-main');

/** An address for the sets of a group, for some time. */
export interface GroupEntry {
  readonly group: string;
  readonly address: Address;
  readonly seconds: number;
}

/** A group's sets, one for each family. */
export interface GroupSets {
  readonly group: string;
  readonly names: { readonly 4: string; readonly 6: string };
}

interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Puts addresses into the kernel's sets through a process of its own, which keeps the right to do so when its starter gives that up, and takes
 * nothing but addresses for these sets.
 */
export class SetWriter {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #indexes: ReadonlyMap<string, number>; // by family and group
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #ended: string | undefined;

  /** To be started while this process may still change rules. @param table with its family: `inet portcullis` */
  constructor(table: string, groups: readonly GroupSets[]) {
    const sets = groups.flatMap(({ group, names }) =>
      ([4, 6] as const).map((family) => ({ key: `${family} ${group}`, family, name: names[family] })),
    );
    this.#indexes = new Map(sets.map(({ key }, index) => [key, index]));
    const words = sets.map(({ family, name }: AddressSetName) => `${family}:${name}`);
    this.#child = spawn(process.execPath, [MAIN, table, ...words], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {},
      cwd: '/',
    });
    let said = '';
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-400);
    });
    this.#child.stdin.on('error', () => undefined); // it has ended: `close` follows
    this.#child.on('error', ({ message }) => this.#end(`the writer of sets cannot be started: ${message}`));
    this.#child.on('close', () => this.#end(`the writer of sets has ended: ${said.trim()}`));
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#settle(line));
  }

  /** Resolved when all of it is in force; rejected with what the kernel says where it may not be. */
  put(entries: readonly GroupEntry[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(new Error(this.#ended));
      if (entries.length > MOST_ENTRIES) return reject(new RangeError(`${entries.length} addresses at once`));
      const lined = entries.map(({ group, address, seconds }) => {
        const set = this.#indexes.get(`${address.family} ${group}`);
        return set === undefined || seconds > MOST_SECONDS ? undefined : { set, address, seconds };
      });
      const known = lined.filter((each) => each !== undefined);
      if (known.length < entries.length)
        return reject(new RangeError('there is no set for a group, or the time is too long'));
      if (known.length === 0) return resolve();
      const id = this.#nextId++;
      this.#pending.set(id, { resolve, reject });
      this.#child.stdin.write(requestLine({ id, entries: known }));
    });
  }

  /** Resolved when it is gone. What is under way is done, or is not. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#ended !== undefined) return resolve();
      this.#child.once('close', () => resolve());
      this.#child.stdin.end();
    });
  }

  #settle(line: string): void {
    const [id = '', ...words] = line.split(' ');
    const pending = this.#pending.get(Number(id));
    this.#pending.delete(Number(id));
    if (words.length === 0) pending?.resolve();
    else pending?.reject(new Error(words.join(' ')));
  }

  #end(why: string): void {
    this.#ended ??= why;
    for (const { reject } of this.#pending.values()) reject(new Error(why));
    this.#pending.clear();
  }
}
