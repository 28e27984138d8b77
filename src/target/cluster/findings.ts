import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { ClusterEnd, ClusterGrant, ClusterPeer, ConnectionProtocol, PortMatch } from '../../kubernetes/index.ts';
import { portsBeyond } from './ports.ts';
import { CLUSTER_TARGET_PROBLEMS } from './problems.ts';
import type { ClusterApproximation } from './target.ts';

/** What a target has to say while it writes: each thing once, however many sides it is met at. */
export class Findings {
  readonly approximations: ClusterApproximation[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly #title: string;
  readonly #said = new Set<string>();

  /** @param title of the target, as people know it */
  constructor(title: string) {
    this.#title = title;
  }

  /** Whether this is asked for the first time. */
  first(...key: readonly string[]): boolean {
    const text = key.join('\0');
    return !this.#said.has(text) && this.#said.add(text) !== undefined;
  }

  /** For a flow, or for a part of its ends and ports. */
  approximate(
    grant: ClusterGrant,
    more: Pick<ClusterApproximation, 'effect' | 'sentence' | 'help'> & Partial<ClusterApproximation>,
  ): void {
    const { from, to, ports, span } = grant;
    const whole = { from: peersOf(from), to: peersOf(to), ports, flow: grant.name, span, ...more };
    if (this.first('approximation', grant.name, more.sentence, keyOf([whole.from, whole.to])))
      this.approximations.push(whole);
  }

  /** Ports of protocols that the API does not know are not let through. */
  unsaidPorts(grant: ClusterGrant, known: readonly ConnectionProtocol[], help: string): void {
    const unsaid: readonly PortMatch[] = portsBeyond(grant.ports, known);
    if (unsaid.length === 0) return;
    this.approximate(grant, {
      effect: 'narrower',
      ports: unsaid,
      sentence: `${this.#title} knows ${known.slice(0, -1).join(', ')} and ${known.at(-1)}: other protocols of the flow ${grant.name} are not let through`,
      help,
    });
  }

  /** The addresses of a zone whose names they stand for are among the flow's ends; names without any cannot be said. */
  byRanges({ zone, peer, enforcement }: ClusterEnd, grant: ClusterGrant): void {
    const hasAddresses = grant.to.some((end) => end.zone === zone && end.peer.kind === 'addresses');
    if (enforcement === 'ranges' && hasAddresses)
      this.approximate(grant, {
        effect: 'narrower',
        to: [peer],
        sentence: `the addresses of ${zone} stand for its names: whoever else is there is reached, and the names at other addresses are not`,
      });
    else if (this.first('names', grant.name, zone))
      this.diagnostics.push(diagnose(CLUSTER_TARGET_PROBLEMS.noNames, grant.span, grant.name, zone, this.#title));
  }

  serviceAccount(zone: string): void {
    if (this.first('account', zone))
      this.diagnostics.push(diagnose(CLUSTER_TARGET_PROBLEMS.noServiceAccounts, undefined, zone, this.#title));
  }

  /** There are no words for how a zone is told. */
  unsaid(zone: string): void {
    if (this.first('unsaid', zone))
      this.diagnostics.push(diagnose(CLUSTER_TARGET_PROBLEMS.unsaid, undefined, zone, this.#title));
  }
}

function keyOf(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
}

function peersOf(ends: readonly ClusterEnd[]): readonly ClusterPeer[] {
  return ends.map(({ peer }) => peer);
}
