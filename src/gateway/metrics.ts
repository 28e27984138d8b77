import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { GatewayRecord } from './record.ts';

/** Seconds from the question to the end of what came of it: lookups take milliseconds, tunnels days. */
const SECONDS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600, 3_600, 86_400];

/** Asked for when somebody reads the figures. */
export interface Current {
  readonly openConnections: () => number;
  readonly silentResolvers: () => number;
}

/** What the gateway counts, as Prometheus reads it. No name and no address is a label: there is no end of them. */
export class GatewayMetrics {
  readonly #registry = new Registry();
  readonly #decisions = new Counter({
    name: 'portcullis_gateway_decisions_total',
    help: 'Requests by the way they came, what became of them and why',
    labelNames: ['way', 'verdict', 'reason', 'agent'],
    registers: [this.#registry],
  });
  readonly #bytes = new Counter({
    name: 'portcullis_gateway_bytes_total',
    help: 'Bytes carried, sent by agents and received by them',
    labelNames: ['direction', 'agent'],
    registers: [this.#registry],
  });
  readonly #seconds = new Histogram({
    name: 'portcullis_gateway_connection_seconds',
    help: 'How long connections lasted',
    labelNames: ['way'],
    buckets: SECONDS,
    registers: [this.#registry],
  });
  readonly #lost = new Counter({
    name: 'portcullis_gateway_records_lost_total',
    help: 'Records that could not be written',
    registers: [this.#registry],
  });

  constructor({ openConnections, silentResolvers }: Current) {
    new Gauge({
      name: 'portcullis_gateway_open_connections',
      help: 'Connections that are open now',
      registers: [this.#registry],
      collect() {
        this.set(openConnections());
      },
    });
    new Gauge({
      name: 'portcullis_gateway_silent_resolvers',
      help: 'Sets of resolvers, the usual ones and those of domains, of which none answered the last question',
      registers: [this.#registry],
      collect() {
        this.set(silentResolvers());
      },
    });
  }

  count({ way, verdict, reason, agent, sent, received, milliseconds }: GatewayRecord): void {
    this.#decisions.inc({ way, verdict, reason: reason ?? '', agent });
    if (sent !== undefined) this.#bytes.inc({ direction: 'sent', agent }, sent);
    if (received !== undefined) this.#bytes.inc({ direction: 'received', agent }, received);
    if (sent !== undefined && milliseconds !== undefined) this.#seconds.observe({ way }, milliseconds / 1_000);
  }

  lost(records: number): void {
    this.#lost.inc(records);
  }

  /** The text format that Prometheus reads. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
