import type { DaemonFacts } from '../../docker/index.ts';
import { address, all, type Effect, type Flow, field, type Origin, type Rule, type Ruleset } from '../../ir/index.ts';
import { type Address, type Family, formatAddress, PROTOCOLS, range } from '../../net/index.ts';
import { type Evaluation, evaluate } from '../../semantics/index.ts';
import { atDoor, STRANGER, throughProxy, translated } from './docker-flows.ts';
import { containerPortOf, type Published } from './docker-published.ts';
import type { AuditView } from './view.ts';

/** What becomes of a stranger's first packet to a published port, in one family. */
export type Fate =
  | { readonly kind: 'passes'; readonly flow: Flow; readonly origin: Origin | undefined }
  | { readonly kind: 'refused' } // or nothing leads to the container
  | { readonly kind: 'unknown'; readonly for: string }; // what nobody can know

const REFUSED: Fate = { kind: 'refused' };

/** Asks rules, and what is known of Docker beside them, whom they let through to containers. */
export class DockerReach {
  readonly #view: AuditView;
  readonly #daemon: DaemonFacts;
  readonly #translations: ReadonlySet<string>; // addresses that the rules lead packets to
  readonly #hasDockersRules: boolean;

  constructor(view: AuditView, daemon: DaemonFacts) {
    this.#view = view;
    this.#daemon = daemon;
    this.#translations = new Set(destinationsOf(view.ruleset));
    this.#hasDockersRules = hasDockersRules(view.ruleset);
  }

  /** @param index of the port among those that are published together, from 0 */
  fate(port: Published, index: number, family: Family): Fate {
    if (!this.#translates(family)) return this.#proxied(port, index, family);
    const targets = port.targets.filter((target) => target.family === family);
    // A container without addresses of this family is reached through Docker's proxy, which listens on the machine.
    const isWithout = port.targets.length > 0 || (port.subnets.length > 0 && !hasFamily(port, family));
    if (targets.length === 0 && isWithout) return this.#proxied(port, index, family);
    if (!this.#knowsDocker()) return { kind: 'unknown', for: 'the rules that Docker puts before these' };
    if (targets.length > 0)
      return targets.map((target) => this.#led(port, index, target)).find(({ kind }) => kind === 'passes') ?? REFUSED;
    if (!this.#standsBeside() || this.#mayPass(port, index, family))
      return { kind: 'unknown', for: 'the address that Docker will give the container' };
    return family === 6 ? this.#proxied(port, index, family) : REFUSED;
  }

  /** For IPv6, the daemon needs both switches. */
  #translates(family: Family): boolean {
    const { iptables, ip6tables } = this.#daemon;
    return iptables !== false && (family === 4 || ip6tables !== false);
  }

  /**
   * Where the rules are one list that Docker adds to, it puts its own before them: without these they say nothing of what reaches
   * a container. Tables of nftables are asked beside Docker's, and a refusal of theirs holds.
   */
  #knowsDocker(): boolean {
    return !isOneList(this.#view.ruleset) || this.#daemon.iptables === false || this.#hasDockersRules;
  }

  /** What it refuses stays refused, whatever rules Docker makes when a container starts. */
  #standsBeside(): boolean {
    return !isOneList(this.#view.ruleset) && !this.#hasDockersRules;
  }

  /** Where the rules themselves lead packets to the container, they enter as they come; else as they are after translation. */
  #led(port: Published, index: number, target: Address): Fate {
    const after = translated(port, index, target);
    if (port.ports === undefined || !this.#translations.has(formatAddress(target))) return this.#asked(after);
    const before = { ...after, ...atDoor(port, index, target.family) };
    return this.#asked(before, ({ path }) => path.some(({ rule }) => effectsOf(rule).some(isDestination)));
  }

  #proxied(port: Published, index: number, family: Family): Fate {
    const flow = this.#daemon.userlandProxy === false ? undefined : throughProxy(port, index, family);
    return flow === undefined ? REFUSED : this.#asked(flow);
  }

  #asked(flow: Flow, counts: (evaluation: Evaluation) => boolean = () => true): Fate {
    const evaluation = evaluate(this.#view.ruleset, flow);
    if (evaluation.verdict !== 'accept' || !counts(evaluation)) return REFUSED;
    return { kind: 'passes', flow, origin: evaluation.path.findLast((step) => step.rule !== undefined)?.origin };
  }

  /** Whether a stranger may open the port of some machine behind this one, as far as its addresses are laid out. */
  #mayPass({ protocol, containerPorts, subnets }: Published, index: number, family: Family): boolean {
    const within = subnets.filter((subnet) => subnet.family === family);
    const asked = all(
      address('src', range(STRANGER[family])),
      field('protocol', PROTOCOLS[protocol]),
      field('dport', containerPortOf(containerPorts, index)),
      ...(within.length === 0 ? [] : [address('dst', ...within)]),
    );
    return this.#view.open('forward', family).intersects(this.#view.packets(asked));
  }
}

function hasFamily({ subnets }: Published, family: Family): boolean {
  return subnets.some((subnet) => subnet.family === family);
}

function isOneList({ layer }: Ruleset): boolean {
  return layer === 'iptables' || layer === 'ufw';
}

/** Of either kind: chains among those of iptables, or tables of its own (since Docker 29). */
function hasDockersRules({ tables }: Ruleset): boolean {
  return tables.some(
    ({ name, chains }) => name.endsWith('docker-bridges') || chains.some((chain) => chain.name === 'DOCKER'),
  );
}

type Destination = Extract<Effect, { readonly kind: 'translate' }>;

function isDestination(effect: Effect): effect is Destination {
  return effect.kind === 'translate' && effect.side === 'dst';
}

function effectsOf(rule: Rule | undefined): readonly Effect[] {
  return rule?.effects ?? [];
}

function destinationsOf({ tables }: Ruleset): string[] {
  return tables
    .flatMap(({ chains }) => chains.flatMap(({ rules }) => rules.flatMap(effectsOf)))
    .filter(isDestination)
    .flatMap((effect) => (effect.address === undefined ? [] : [formatAddress(effect.address)]));
}
