import { createHash, timingSafeEqual } from 'node:crypto';
import type { Range } from '../../ir/index.ts';
import type { AddressRange } from '../../net/index.ts';
import type { Client } from '../wanted.ts';

/**
 * What an agent shows to be told from others. The token is long and random, so a plain digest keeps it: there is nothing to guess,
 * and it is compared for every request (docs/decisions/0010-the-egress-proxy.md).
 */
export interface Credential {
  readonly user: string; // no colon (RFC 7617 2)
  readonly digest: Buffer; // SHA-256 of the token, 32 bytes
  readonly accounts: readonly Range[]; // whose processes on this machine may show it
  readonly addresses: readonly AddressRange[]; // of other machines and containers that may
}

/** A user and a token, as a client sent them. */
export interface Shown {
  readonly user: string;
  readonly token: string;
}

export type Identification =
  | { readonly kind: 'known'; readonly client: Client }
  | { readonly kind: 'unknown'; readonly mayHelp: boolean }; // whether credentials might

const NOTHING = Buffer.alloc(32); // the digest of no token that anybody knows

export function tokenDigest(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

/** `Proxy-Authorization: Basic` (RFC 7617 2); `undefined` where it is anything else. */
export function parseBasic(header: string): Shown | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { user: text.slice(0, colon), token: text.slice(colon + 1) };
}

/**
 * Credentials only ever narrow who somebody is. Who is known by an account stays that one: credentials of another do not help,
 * and are refused. At an address for which there are credentials, one of them must be shown.
 */
export class Credentials {
  readonly #byUser: ReadonlyMap<string, Credential>;
  readonly #ofAddresses: readonly Credential[];

  constructor(table: readonly Credential[]) {
    this.#byUser = new Map(table.map((credential) => [credential.user, credential]));
    this.#ofAddresses = table.filter(({ addresses }) => addresses.length > 0);
  }

  /** Whether a client cannot be known without. */
  mustShow(client: Client): boolean {
    return client.account === undefined && this.#ofAddresses.some((credential) => isHolder(credential, client));
  }

  /** @param shown `undefined` where nothing was; `'unreadable'` where it cannot be understood. */
  identify(client: Client | undefined, shown: Shown | 'unreadable' | undefined): Identification {
    if (client === undefined) return { kind: 'unknown', mayHelp: false };
    const isKnown = shown === undefined ? !this.mustShow(client) : shown !== 'unreadable' && this.#fits(client, shown);
    return isKnown ? { kind: 'known', client } : { kind: 'unknown', mayHelp: true };
  }

  /** As long for an unknown user as for a wrong token. */
  #fits(client: Client, { user, token }: Shown): boolean {
    const credential = this.#byUser.get(user);
    const isRight = timingSafeEqual(tokenDigest(token), credential?.digest ?? NOTHING);
    return isRight && credential !== undefined && isHolder(credential, client);
  }
}

function isHolder({ accounts, addresses }: Credential, { account, address }: Client): boolean {
  if (account !== undefined) return accounts.some(({ first, last }) => first <= account && account <= last);
  return addresses.some(
    ({ family, first, last }) => family === address.family && first <= address.value && address.value <= last,
  );
}
