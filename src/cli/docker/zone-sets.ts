import { NftSession, run } from '../../host/index.ts';
import { formatAddress } from '../../net/index.ts';
import type { ZonePlace } from '../../resolve/index.ts';
import { TABLE_NAME, zoneOfContainerSet } from '../../target/index.ts';

const TABLE = `inet ${TABLE_NAME}`;
const LIST_TIMEOUT_MS = 10_000;

/** The kernel's sets of containers, in whichever slot of our table they stand: while a change is on trial there are two of each. */
export class ZoneSets {
  readonly #nft = new NftSession();
  #names: readonly string[] = [];
  #identity = '';

  /** The zones that rules in force ask for. */
  get zones(): ReadonlySet<string> {
    return new Set(this.#names.flatMap((name) => zoneOfContainerSet(name)?.zone ?? []));
  }

  /** Looks which sets there are. @returns whether they are others than before @throws Error where the kernel cannot be asked */
  async look(): Promise<boolean> {
    const { exitCode, stdout, stderr } = await run('nft', ['-t', '-j', 'list', 'sets', 'inet'], {
      timeoutMs: LIST_TIMEOUT_MS,
    });
    if (exitCode !== 0) throw new Error(stderr.trim());
    const sets = setsOf(JSON.parse(stdout)).filter(({ name }) => zoneOfContainerSet(name) !== undefined);
    // A set that was made anew has another handle, whatever its name.
    const identity = sets.map(({ name, handle }) => `${name} ${handle}`).join(', ');
    const isNew = identity !== this.#identity;
    this.#identity = identity;
    this.#names = sets.map(({ name }) => name);
    return isNew;
  }

  /** Nobody but these, in one transaction. @throws Error with what nft said */
  async replace(places: readonly ZonePlace[]): Promise<void> {
    await this.#transact(this.#names.flatMap((name) => [`flush set ${TABLE} ${name}`, ...adding(name, places)]));
  }

  /** @throws Error with what nft said: then nothing was changed */
  async change(came: readonly ZonePlace[], went: readonly ZonePlace[]): Promise<void> {
    await this.#transact(
      this.#names.flatMap((name) => {
        const gone = elements(name, went);
        // To delete what is not there would be an error: it is added first, and packets see the end of it all.
        const deleting = gone === undefined ? [] : [`add ${gone}`, `delete ${gone}`];
        return [...deleting, ...adding(name, came)];
      }),
    );
  }

  close(): void {
    this.#nft.close();
  }

  async #transact(commands: readonly string[]): Promise<void> {
    if (commands.length > 0) await this.#nft.transact(commands.join('; '));
  }
}

function adding(name: string, places: readonly ZonePlace[]): string[] {
  const come = elements(name, places);
  return come === undefined ? [] : [`add ${come}`];
}

/** What is written into nft's language as it is; a bridge of another name has nobody in a zone. */
const PLAIN = /^[A-Za-z0-9_.-]{1,15}$/;

function elements(name: string, places: readonly ZonePlace[]): string | undefined {
  const of = zoneOfContainerSet(name);
  const texts = places
    .filter(({ zone, address, bridge }) => zone === of?.zone && address.family === of.family && PLAIN.test(bridge))
    .map(({ bridge, address }) => `"${bridge}" . ${formatAddress(address)}`);
  return texts.length === 0 ? undefined : `element ${TABLE} ${name} { ${[...new Set(texts)].join(', ')} }`;
}

interface ListedSet {
  readonly name: string;
  readonly table: string;
  readonly handle: number;
}

function setsOf({
  nftables = [],
}: {
  readonly nftables?: readonly { readonly set?: ListedSet }[];
}): readonly ListedSet[] {
  return nftables
    .flatMap(({ set }) => (set?.table === TABLE_NAME ? [set] : []))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
