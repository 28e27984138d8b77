import type { Address } from '../net/index.ts';
import type { Environment } from './environment.ts';
import { DISCOVERY_PROBLEMS } from './problems.ts';
import type { ConfigSource, Section } from './section.ts';
import { parseHost } from './server.ts';

/** A port that OpenClaw offers to other machines; what listens on loopback only is none. */
export interface Listener {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly reach: Reach;
  readonly source: ConfigSource;
}

/**
 * Who should get to it: the local network, the tailnet, or whoever calls a webhook, which in most set-ups is a reverse proxy or
 * tunnel on this machine.
 */
export type Reach = 'private' | 'tailnet' | 'webhook';

export interface Gateway {
  readonly port: number;
  readonly source: ConfigSource;
}

const GATEWAY_PORT = 18789;
const SANDBOX_OFFSET = 1; // `mcp.apps.sandboxPort` defaults to the port after the gateway's

function gatewayPort(config: Section, environment: Environment): Gateway {
  const text = environment('OPENCLAW_GATEWAY_PORT');
  const port = text !== undefined && /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65535) return { port, source: { key: 'OPENCLAW_GATEWAY_PORT' } };
  const found = config.section('gateway').port('port');
  return found === undefined
    ? { port: GATEWAY_PORT, source: { key: 'gateway.port' } }
    : { port: found.value, source: found.source };
}

/** The gateway and what hangs on its port. */
export function discoverListeners(config: Section, environment: Environment): Listener[] {
  const gateway = config.section('gateway');
  if (gateway.text('mode')?.value === 'remote') return [];
  const { port, source } = gatewayPort(config, environment);
  const bind = gateway.text('bind');
  const reach = bind === undefined ? undefined : gatewayReach(gateway, bind.value);
  const place = bind?.source ?? source;
  const funnel = gateway.section('tailscale').text('mode');
  if (funnel?.value === 'funnel') {
    gateway.report(DISCOVERY_PROBLEMS.publicFunnel, funnel.source.span, funnel.source.key);
  }
  const listeners: Listener[] = [];
  if (reach !== undefined && bind !== undefined) {
    if (reach === 'private') gateway.report(DISCOVERY_PROBLEMS.openGateway, place.span, bind.value, port);
    listeners.push({ name: 'openclaw-gateway', port, protocol: 'tcp', reach, source: place });
    const apps = config.section('mcp.apps');
    if (apps.flag('enabled') === true) {
      const sandbox = apps.port('sandboxPort');
      listeners.push({
        name: 'openclaw-mcp-apps',
        port: sandbox?.value ?? port + SANDBOX_OFFSET,
        protocol: 'tcp',
        reach,
        source: sandbox?.source ?? apps.source,
      });
    }
  }
  return [...listeners, ...announcements(config), ...gmailHook(config), ...voiceCall(config)];
}

/** `undefined` where only this machine reaches it. `auto` and `loopback` bind to loopback outside containers. */
function gatewayReach(gateway: Section, bind: string): Reach | undefined {
  switch (bind) {
    case 'lan':
      return 'private';
    case 'tailnet':
      return 'tailnet';
    case 'custom': {
      const custom = gateway.text('customBindHost');
      const host = custom === undefined ? undefined : parseHost(custom.value);
      if (custom === undefined || (host?.kind === 'loopback' && custom.value !== '0.0.0.0')) return undefined;
      return host?.kind === 'address' && isTailnet(host.address) ? 'tailnet' : 'private';
    }
    default:
      return undefined;
  }
}

/** 100.64.0.0/10, which Tailscale hands out (RFC 6598). */
function isTailnet({ family, value }: Address): boolean {
  return family === 4 && value >> 22n === 0b0110_0100_01n;
}

/** Announcing the gateway by mDNS is off on Linux unless the plugin is switched on. */
export function announces(config: Section): boolean {
  const plugin = config.section('plugins.entries.bonjour');
  return plugin.flag('enabled') === true && config.section('discovery.mdns').text('mode')?.value !== 'off';
}

function announcements(config: Section): Listener[] {
  if (!announces(config)) return [];
  return [
    {
      name: 'mdns',
      port: 5353,
      protocol: 'udp',
      reach: 'private',
      source: config.section('plugins.entries.bonjour').source,
    },
  ];
}

function gmailHook(config: Section): Listener[] {
  const gmail = config.section('hooks.gmail');
  if (!gmail.present || config.section('hooks').flag('enabled') === false) return [];
  const bind = gmail.text('serve.bind')?.value ?? '127.0.0.1';
  if (parseHost(bind)?.kind === 'loopback' && bind !== '0.0.0.0' && bind !== '::') return [];
  const port = gmail.port('serve.port')?.value ?? 8788;
  return [{ name: 'gmail-hook', port, protocol: 'tcp', reach: 'webhook', source: gmail.source }];
}

function voiceCall(config: Section): Listener[] {
  const plugin = config.section('plugins.entries.voice-call');
  if (!plugin.present || plugin.flag('enabled') === false) return [];
  const bind = plugin.text('config.serve.bind')?.value ?? '127.0.0.1';
  if (parseHost(bind)?.kind === 'loopback' && bind !== '0.0.0.0' && bind !== '::') return [];
  const port = plugin.port('config.serve.port')?.value ?? 3334;
  return [{ name: 'voice-call-webhook', port, protocol: 'tcp', reach: 'webhook', source: plugin.source }];
}
