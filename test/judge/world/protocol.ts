import type { AddressType, ConntrackState, Hook } from '../../../src/ir/index.ts';
import type { Packet } from '../packet.ts';
import type { Connection } from './recorder.ts';
import type { Restore, Saved } from './xtables.ts';

/** What is asked of the world: put these tables in force, and send these packets at them. */
export interface Trial {
  readonly ruleset: string; // nft's text
  readonly restore?: Restore; // instead, or beside it: rules of iptables
  readonly packets: readonly Packet[];
}

export type TrialResult =
  | { readonly kind: 'refused'; readonly said: string } // by nft or the kernel
  | {
      readonly kind: 'sent';
      readonly listing: Listing;
      readonly sightings: readonly Sighting[];
      readonly saved?: Saved;
    }; // a sighting for each packet

/** What nft lists of the tables; nothing where nft itself breaks over it, as 1.0.6 does now and then, or where they are iptables', which are saved. */
export interface Listing {
  readonly text: string | undefined;
  readonly json: string | undefined;
}

/** What the kernel made of one packet. */
export type Sighting =
  | {
      readonly kind: 'unusable';
      readonly why: 'never arrives' | 'passes no kernel' | 'is stopped by the kernel itself';
    }
  | {
      readonly kind: 'seen';
      readonly passed: boolean;
      readonly hook: Hook;
      readonly outInterface: string | undefined;
      readonly rerouted: boolean; // at `output` it was to leave by another interface than at `postrouting`
      readonly sourcePort: number | undefined; // once source addresses are translated, where it comes so far
      readonly identified: boolean; // ICMP, by another number than it was sent with
      readonly state: ConntrackState;
      readonly connection: Connection;
      readonly srcType: AddressType;
      readonly dstType: AddressType;
    };

export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly result: TrialResult }
  | { readonly kind: 'failed'; readonly problem: string };
