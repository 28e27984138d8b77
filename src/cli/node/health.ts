import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { type Probe, type ProbeResult, probeOf, tryProbe } from '../apply/probe.ts';
import { EXIT } from '../console.ts';
import { stop } from '../report.ts';
import { NODE_PROBLEMS } from './problems.ts';

/** Something that a node must be able to do, whatever its firewall says. */
export type HealthCheck =
  | { readonly kind: 'probe'; readonly text: string; readonly probe: Probe }
  | { readonly kind: 'url'; readonly text: string; readonly url: URL };

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `kubernetes` stands for the two without which a node is not Ready: the API server, where its clients are told to find it, and the kubelet's own
 * word (`--healthz-port` 10248 on loopback: kubelet's command line reference). @throws Stop where a check is none
 */
export function healthChecks(texts: readonly string[], env: Environment): readonly HealthCheck[] {
  return texts.flatMap((text): readonly HealthCheck[] => {
    if (text === 'kubernetes') return [urlCheck(apiServer(env)), urlCheck('http://127.0.0.1:10248/healthz')];
    if (/^https?:\/\//.test(text)) return [urlCheck(text)];
    if (/^[a-z]+ /.test(text)) return [{ kind: 'probe', text, probe: probeOf([], text) }];
    throw stop(EXIT.unusable, NODE_PROBLEMS.wrongCheck, `\`${text}\` is no check of health`);
  });
}

/** Kubernetes writes no brackets around an IPv6 address there. */
function apiServer({ KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' }: Environment): string {
  if (host === undefined || host === '') throw stop(EXIT.unusable, NODE_PROBLEMS.noApiServer);
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}/readyz`;
}

function urlCheck(text: string): HealthCheck {
  if (!URL.canParse(text)) throw stop(EXIT.unusable, NODE_PROBLEMS.wrongCheck, `\`${text}\` is no address`);
  return { kind: 'url', text, url: new URL(text) };
}

const CHECK_AT_MOST_MS = 5_000;

/** All of them once, each over a connection of its own. */
export async function tryHealth(checks: readonly HealthCheck[]): Promise<ProbeResult> {
  const results = await Promise.all(checks.map(tryCheck));
  const failed = results.filter(({ passed }) => !passed).map(({ said }) => said);
  return failed.length === 0
    ? { passed: true, said: `${checks.map(({ text }) => text).join(', ')}: well` }
    : { passed: false, said: failed.join('; ') };
}

export interface Settling {
  readonly settleMs: number; // for how long without a break all checks must hold
  readonly withinMs: number; // after which it has failed
  readonly signal: AbortSignal;
}

const LOOK_EVERY_MS = 1_000;

/** Until all checks have held for a while; one that fails begins the while anew. */
export async function settledHealth(
  checks: readonly HealthCheck[],
  { settleMs, withinMs, signal }: Settling,
): Promise<ProbeResult> {
  const until = performance.now() + withinMs;
  let since: number | undefined;
  let last = 'the checks did not hold for long enough';
  for (;;) {
    const started = performance.now();
    const { passed, said } = await tryHealth(checks);
    if (signal.aborted) return { passed: false, said: 'it was told to end' };
    if (passed) since ??= started;
    else [since, last] = [undefined, said];
    if (since !== undefined && performance.now() - since >= settleMs) return { passed: true, said };
    if (performance.now() + LOOK_EVERY_MS > until) return { passed: false, said: last };
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

function tryCheck(check: HealthCheck): Promise<ProbeResult> {
  switch (check.kind) {
    case 'probe':
      return tryProbe(check.probe, CHECK_AT_MOST_MS);
    case 'url':
      return tryUrl(check.url);
  }
}

const SERVER_ERROR = 500;

/** Any answer but a fault of the server will do: that it asks who we are (401, 403) shows that packets come and go. */
function tryUrl(url: URL): Promise<ProbeResult> {
  const request = url.protocol === 'https:' ? tlsRequest : plainRequest;
  return new Promise((resolve) => {
    const asked = request(url, { agent: false, timeout: CHECK_AT_MOST_MS }, (answer) => {
      answer.resume();
      const status = answer.statusCode ?? SERVER_ERROR;
      resolve({ passed: status < SERVER_ERROR, said: `${url.href} answered with ${status}` });
      asked.destroy();
    });
    asked.once('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', (error) => resolve({ passed: false, said: `${url.href}: ${error.message}` }));
    asked.end();
  });
}
