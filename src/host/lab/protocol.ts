/**
 * What the processes of the lab say to each other: one JSON document a line. The program outside talks to the keeper, the
 * first process of the private world; the keeper starts endpoints (one for each namespace and account) and passes their lines on.
 */

/** A packet to be sent, with everything that the sender chooses. Addresses are text in canonical form. */
export interface Shot {
  readonly transport: 'tcp' | 'udp' | 'icmp'; // icmp: an echo request of the address's family
  readonly src?: string; // absent: the system chooses
  readonly dst: string;
  readonly sport?: number; // absent: the system chooses
  readonly dport?: number; // absent for icmp
  readonly timeoutMs: number;
  readonly attempts: number; // at least 1; silence is answered by another attempt until they are used up
}

/**
 * What became of it. `passed`: the other side answered, and its answer came back. `refused`: an error arrived (reset,
 * ICMP error, or the kernel would not send), `error` names it. `silence`: nothing within the time. `unsent`: it never
 * left for a reason of its own (the address cannot be used), so it says nothing about the firewall.
 */
export interface Outcome {
  readonly result: 'passed' | 'refused' | 'silence' | 'unsent';
  readonly error?: string; // an errno name such as ECONNREFUSED, or what ping said
  readonly afterMs: number; // from sending to the result, of the last attempt
  readonly attempts: number;
}

export interface Finished {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ResolveQuery {
  readonly server: string;
  readonly name: string;
  readonly family: 4 | 6;
  readonly timeoutMs: number;
}

/** What the keeper can be asked. */
export interface KeeperRequests {
  /** A new endpoint; with `ownNetwork` in a network namespace of its own. Answers with its process id in the world. */
  readonly start: {
    readonly ask: { readonly name: string; readonly ownNetwork: boolean; readonly account?: number };
    readonly answer: { readonly pid: number };
  };
}

/** What an endpoint can be asked; it acts in its own network namespace, as its own account. */
export interface EndpointRequests {
  /** Runs a program, by argument list. */
  readonly run: {
    readonly ask: { readonly program: string; readonly args: readonly string[]; readonly input?: string };
    readonly answer: Finished;
  };
  /** Writes files below /proc/sys; answers with those that could not be written. */
  readonly sysctl: {
    readonly ask: { readonly settings: Readonly<Record<string, string>> }; // path below /proc/sys -> value
    readonly answer: { readonly refused: readonly string[] };
  };
  /**
   * Answers on these ports of every address from now on, besides those it answers on already: TCP and UDP echo; and over UDP at some
   * addresses alone. What is answered there comes from that very address, as it must to get back to who was redirected there.
   */
  readonly listen: {
    readonly ask: {
      readonly tcp: readonly number[];
      readonly udp: readonly number[];
      readonly udpAt: readonly { readonly address: string; readonly port: number }[];
    };
    readonly answer: { readonly failed: readonly string[] }; // `tcp/22: EADDRINUSE`
  };
  /** Answers DNS queries on every UDP port it listens on: name -> addresses of either family. */
  readonly names: {
    readonly ask: { readonly records: Readonly<Record<string, readonly string[]>> };
    readonly answer: Record<string, never>;
  };
  /** Sends packets, many at a time; the answers are in the order of the shots. */
  readonly send: {
    readonly ask: { readonly shots: readonly Shot[] };
    readonly answer: { readonly outcomes: readonly Outcome[] };
  };
  /** A real DNS query over UDP; answers with the addresses, none where there was no answer. */
  readonly resolve: { readonly ask: ResolveQuery; readonly answer: { readonly addresses: readonly string[] } };
  /** Opens a TCP connection and keeps it under a name. */
  readonly open: { readonly ask: { readonly key: string; readonly shot: Shot }; readonly answer: Outcome };
  /** Sends over a kept connection and waits for the echo. */
  readonly exchange: {
    readonly ask: { readonly key: string; readonly timeoutMs: number };
    readonly answer: Outcome;
  };
}

export type EndpointRequestKind = keyof EndpointRequests;

/** The keeper is an endpoint itself (named `host`): the protected machine, as the account that owns the world. */
export type Requests = EndpointRequests & KeeperRequests;
export type RequestKind = keyof Requests;

export interface RequestLine<Kind extends RequestKind = RequestKind> {
  readonly id: number;
  readonly to: string; // an endpoint's name
  readonly kind: Kind;
  readonly ask: Requests[Kind]['ask'];
}

export type ReplyLine =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly problem: string }
  | { readonly ended: string; readonly said: string }; // an endpoint's process is gone

/** The keeper's own name among the endpoints. */
export const HOST = 'host';

/** The port that every port is redirected to in the outer namespaces. */
export const ECHO_PORT = 7; // RFC 862

/** How our UDP payloads begin: they are echoed; all else is read as DNS. */
export const ECHO_MARK = 'portcullis-echo:';
