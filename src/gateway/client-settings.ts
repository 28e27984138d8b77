import type { GatewaySettings, Intent } from '../ir/index.ts';
import { type AddressRange, type Endpoint, formatAddress, formatRange, isLoopback } from '../net/index.ts';

/** A file of settings; `name` has no folder. */
export interface SettingsFile {
  readonly name: string;
  readonly text: string;
}

/**
 * What programs have to be told so that they use the gateway of their own accord: the `proxy` section of OpenClaw's configuration, and the
 * environment of services and containers. Programs that are told nothing are sent there by the kernel on the web's ports alone.
 */
export function clientSettings(intent: Intent, gateway: GatewaySettings): readonly SettingsFile[] {
  const { proxy, socks } = gateway.listeners;
  const own = { proxy: proxy.find(isHere) ?? proxy[0], socks: socks.find(isHere) ?? socks[0] };
  const open = { proxy: proxy.find((each) => !isHere(each)), socks: socks.find((each) => !isHere(each)) };
  return [
    { name: 'openclaw.json', text: `${JSON.stringify(openclaw(own.proxy), null, 2)}\n` },
    { name: 'gateway.env', text: environment(own, direct(intent)) },
    ...(open.proxy === undefined ? [] : [{ name: 'gateway-containers.env', text: environment(open, direct(intent)) }]),
  ];
}

interface Proxies {
  readonly proxy: Endpoint | undefined;
  readonly socks: Endpoint | undefined;
}

function isHere({ address }: Endpoint): boolean {
  return isLoopback(address);
}

/** `gateway-only`: its own control connections stay on the loopback, all else goes through the proxy. */
function openclaw(proxy: Endpoint | undefined) {
  const proxyUrl = proxy === undefined ? {} : { proxyUrl: urlOf('http', proxy) };
  return { proxy: { enabled: proxy !== undefined, ...proxyUrl, loopbackMode: 'gateway-only' } };
}

/** Lines that systemd's `EnvironmentFile=`, Docker's `--env-file` and a shell read alike: nothing in them needs quotes. */
function environment({ proxy, socks }: Proxies, direct: readonly string[]): string {
  const http = proxy === undefined ? {} : { HTTP_PROXY: urlOf('http', proxy), HTTPS_PROXY: urlOf('http', proxy) };
  const all = socks === undefined ? {} : { ALL_PROXY: urlOf('socks5h', socks) }; // h: the proxy looks names up
  const variables = { ...http, ...all, NO_PROXY: ['localhost', '127.0.0.1', '::1', ...direct].join(',') };
  // curl reads http_proxy in small letters only, and others the capital ones only.
  const lines = Object.entries(variables).flatMap(([name, value]) => [
    `${name}=${value}`,
    `${name.toLowerCase()}=${value}`,
  ]);
  return [...lines, 'NODE_USE_ENV_PROXY=1', ''].join('\n'); // without it Node's own clients read none of these
}

function urlOf(scheme: string, { address, port }: Endpoint): string {
  const host = address.family === 6 ? `[${formatAddress(address)}]` : formatAddress(address);
  return `${scheme}://${host}:${port}`;
}

/** Destinations that flows name by address and that are not the internet's: who goes there goes there directly. */
function direct({ grants, zones }: Intent): readonly string[] {
  const internet = (zones.get('internet') ?? []).flatMap((peer) => (peer.kind === 'remote' ? peer.ranges : []));
  const ranges = grants
    .filter(({ from }) => from.some(({ kind }) => kind === 'local'))
    .flatMap(({ to }) => to.flatMap((peer) => (peer.kind === 'remote' ? peer.ranges : [])))
    .filter((range) => !internet.some((block) => overlap(block, range)) && !isLoopback(firstOf(range)));
  return [...new Set(ranges.map(formatRange))];
}

function firstOf({ family, first }: AddressRange) {
  return { family, value: first };
}

function overlap(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}
