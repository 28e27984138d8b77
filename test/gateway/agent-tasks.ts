/** What an agent's process is told to do, by messages; it answers each with an `AgentAnswer`, by the same number. */
export type AgentTask =
  | UdpTask
  | TcpTask
  | { readonly do: 'tls'; readonly host: string; readonly port: number; readonly name: string } // and `GET /`
  | { readonly do: 'raw'; readonly packet: RawPacket }
  | {
      readonly do: 'many';
      readonly host: string;
      readonly port: number;
      readonly count: number;
      readonly first: string;
      readonly waitMs: number; // at most
      readonly closed: number; // of all that it holds; then it waits no longer
    }
  | { readonly do: 'let-go' } // of what `many` holds
  | { readonly do: 'names'; readonly names: readonly string[]; readonly connects: number; readonly port: number }
  | {
      readonly do: 'load';
      readonly perSecond: number;
      readonly count: number;
      readonly atOnce: number;
      readonly wrong: string;
    } // through the proxy; what it says is a `LoadAnswer` as JSON
  | { readonly do: 'flood'; readonly datagrams: number };

export interface LoadAnswer {
  readonly right: number; // for a name that a flow leads to, and let through
  readonly rightFailed: number;
  readonly wrongDenied: number; // for one that no flow leads to
  readonly wrongPassed: number;
  readonly problems: readonly string[]; // of `rightFailed`, each once
}

export interface UdpTask {
  readonly do: 'udp';
  readonly host: string;
  readonly port: number;
  readonly data: string; // latin1
  readonly from?: string; // one of the machine's addresses
  readonly fromPort?: number;
  readonly waitMs: number;
}

export interface TcpTask {
  readonly do: 'tcp';
  readonly host: string;
  readonly port: number;
  readonly fromPort?: number;
  readonly pieces: readonly string[]; // latin1, each sent by itself
  readonly gapMs?: number; // between two of them
  readonly enough?: string; // a regular expression of what need not be waited for any longer
  readonly halfClose?: boolean; // behind the last piece
  readonly waitMs: number;
}

/** Packets for which programs need more than connect(2). */
export type RawPacket =
  | { readonly kind: 'protocol'; readonly family: 4 | 6; readonly protocol: number; readonly to: string } // SOCK_RAW
  | { readonly kind: 'socket'; readonly type: 'stream' | 'datagram'; readonly protocol: number; readonly to: string }
  | { readonly kind: 'last-fragment'; readonly to: string } // of a datagram of UDP
  | { readonly kind: 'fast-open'; readonly to: string; readonly port: number } // data in the SYN
  | { readonly kind: 'marked'; readonly mark: number; readonly to: string; readonly port: number }
  | { readonly kind: 'frame'; readonly device: number; readonly to: string }; // past the kernel's own IP

export interface AgentAnswer {
  readonly said: string; // latin1: what came back
  readonly end: string; // how it ended: `closed`, `open`, `silence`, or the error's code
  readonly ms: number; // how long it took
}
