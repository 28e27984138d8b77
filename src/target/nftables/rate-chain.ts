import type { Grant, Rate } from '../../ir/index.ts';
import type { Family } from '../../net/index.ts';
import type { Chain, Rule, SetDeclaration, Statement } from './ast.ts';
import * as build from './build.ts';
import { flowCounter, LOG_GROUP, rateChain, rateSet } from './names.ts';
import { RATE_SET_SIZE, rateLimit, rateTimeout } from './rate.ts';

/**
 * A chain for each rated flow, which all hooks and families share, so that the rate is counted once. Within the rate the packet
 * is let through; beyond it that is logged, and the packet goes on: another flow may still allow it.
 */
export class RateChains {
  readonly #rated: ReadonlyMap<string, Rate>;
  readonly #families = new Map<string, Set<Family>>(); // by flow, those that were asked for
  readonly #joint = new Map<string, readonly string[]>(); // chain name -> flows

  constructor(grants: readonly Grant[]) {
    this.#rated = new Map(grants.flatMap((grant) => (grant.rate === undefined ? [] : [[grant.name, grant.rate]])));
  }

  /** The chain that tries the flows in their order. */
  chainFor(flows: readonly string[], family: Family): string {
    for (const flow of flows) {
      const families = this.#families.get(flow);
      if (families === undefined) this.#families.set(flow, new Set([family]));
      else families.add(family);
    }
    const [only] = flows;
    if (flows.length === 1 && only !== undefined) return rateChain.of(only);
    const known = [...this.#joint].find(([, others]) => others.join('\n') === flows.join('\n'));
    if (known !== undefined) return known[0];
    const name = `rates-${this.#joint.size + 1}`;
    this.#joint.set(name, flows);
    return name;
  }

  sets(): SetDeclaration[] {
    return this.#each((flow, rate, families) =>
      rate.perSource
        ? families.map((family) => ({
            name: rateSet(flow, rate, family),
            key: { kind: 'type', parts: [family === 4 ? 'ipv4_addr' : 'ipv6_addr'] },
            flags: ['dynamic', 'timeout'],
            size: RATE_SET_SIZE,
            timeout: rateTimeout(rate),
            elements: [],
          }))
        : [],
    );
  }

  chains(): Chain[] {
    const joint = [...this.#joint].map(([name, flows]) => ({
      name,
      rules: flows.map((flow) => build.rule([build.jump(rateChain.of(flow))])),
    }));
    const single = this.#each((flow, rate, families) => [
      { name: rateChain.of(flow), rules: [...within(flow, rate, families), beyond(flow)] },
    ]);
    return [...joint, ...single];
  }

  #each<T>(make: (flow: string, rate: Rate, families: readonly Family[]) => readonly T[]): T[] {
    return [...this.#rated].flatMap(([flow, rate]) => {
      const families = this.#families.get(flow);
      return families === undefined ? [] : make(flow, rate, [...families].sort());
    });
  }
}

function within(flow: string, rate: Rate, families: readonly Family[]): Rule[] {
  const limit = rateLimit(rate);
  const accept: Statement[] = [build.count(flowCounter.of(flow)), build.decide('accept')];
  if (!rate.perSource) return [build.rule([limit, ...accept])];
  return families.map((family) =>
    build.rule([
      {
        kind: 'set-update',
        operation: 'update',
        set: rateSet(flow, rate, family),
        key: build.addressSelector(family, 'src'),
        statements: [limit],
      },
      ...accept,
    ]),
  );
}

function beyond(flow: string): Rule {
  return build.rule([
    { kind: 'limit', over: false, count: 10, per: 'second', burst: 20 },
    { kind: 'log', prefix: `portcullis over ${flow} `, group: LOG_GROUP },
  ]);
}
