import type { ChannelKeys, ConfigKeys, SocketKeys } from '../catalog/index.ts';
import type { Listener } from './listeners.ts';
import type { Needs, Use } from './needs.ts';
import { DISCOVERY_PROBLEMS } from './problems.ts';
import type { Section } from './section.ts';
import { parseHost, parseServer, type Server } from './server.ts';

/** What the channels that are switched on need, and the webhooks that they listen on. */
export function discoverChannels(config: Section, keys: ConfigKeys, needs: Needs): Listener[] {
  const listeners: Listener[] = [];
  for (const [name, channel] of config.sections('channels')) {
    if (keys.notChannels.includes(name) || channel.flag('enabled') === false || pluginOff(config, name)) continue;
    const known = keys.channels.get(name);
    if (known === undefined) {
      channel.report(DISCOVERY_PROBLEMS.unknownChannel, channel.source.span, name);
      continue;
    }
    listeners.push(...discoverChannel(name, channel, known, needs));
  }
  return listeners;
}

function pluginOff(config: Section, name: string): boolean {
  const plugins = config.section('plugins');
  if (plugins.flag('enabled') === false || plugins.texts('deny.*').some(({ value }) => value === name)) return true;
  return plugins.section('entries').section(name).flag('enabled') === false;
}

function discoverChannel(name: string, channel: Section, known: ChannelKeys, needs: Needs): Listener[] {
  const use: Use = { purpose: `the channel ${name}`, source: channel.source };
  // An account has the channel's settings, except those that it sets itself.
  const accounts = channel.sections('accounts').filter(([, account]) => account.flag('enabled') !== false);
  const places = [channel, ...accounts.map(([, account]) => account)];
  const named = (pattern: string) => places.flatMap((place) => place.servers(pattern));

  let hosts = 0; // that are known, to say so where there are none
  const serve = (server: Server, source: Use['source']): void => {
    hosts++;
    needs.server(name, server, { purpose: use.purpose, source });
  };
  const replaced = known.replacedBy.flatMap(named);
  for (const { server, source } of replaced) serve(server, source);
  if (replaced.length === 0) {
    for (const entry of chosenEntries(known, places)) {
      hosts++;
      needs.entry(entry, use);
    }
  }
  for (const { entry, note } of known.optional) needs.entry(entry, use, note);
  for (const { server, source } of known.servers.flatMap(named)) serve(server, source);
  if (known.proxy !== undefined) for (const { server, source } of named(known.proxy)) serve(server, source);
  if (hosts === 0) for (const url of known.fallback) serve(knownServer(url), use.source);
  for (const place of known.socket === undefined ? [] : places) {
    const server = known.socket === undefined ? undefined : socketServer(place, known.socket);
    if (server !== undefined) serve(server, use.source);
  }
  if (hosts === 0) channel.report(DISCOVERY_PROBLEMS.unknownChannel, channel.source.span, name);
  return places.flatMap((place) => webhook(name, place, known) ?? []);
}

function chosenEntries(known: ChannelKeys, places: readonly Section[]): readonly string[] {
  const { choices } = known;
  if (choices === undefined) return known.needs;
  const values = places.flatMap((place) => place.text(choices.key)?.value ?? []);
  const chosen = values.flatMap((value) => choices.values.get(value) ?? known.needs);
  return chosen.length === 0 ? known.needs : chosen;
}

function socketServer(place: Section, keys: SocketKeys): Server | undefined {
  const host = place.text(keys.host)?.value ?? keys.defaultHost;
  if (host === undefined) return undefined;
  const parsed = parseHost(host);
  if (parsed === undefined) {
    place.report(DISCOVERY_PROBLEMS.badUrl, place.source.span, `${place.path}.${keys.host}`);
    return undefined;
  }
  const plain = keys.tls !== undefined && place.flag(keys.tls) === false;
  const usual = plain ? (keys.plainPort ?? keys.defaultPort) : keys.defaultPort;
  return { host: parsed, port: place.port(keys.port)?.value ?? usual, http: false };
}

function webhook(name: string, place: Section, { listener }: ChannelKeys): Listener | undefined {
  if (listener === undefined) return undefined;
  const { when } = listener;
  if (when !== undefined) {
    const value = place.text(when.key)?.value;
    if (value === undefined || (when.value !== undefined && value !== when.value)) return undefined;
  }
  const port = place.port(listener.port)?.value ?? listener.defaultPort;
  if (port === undefined) return undefined;
  const bind = (listener.host === undefined ? undefined : place.text(listener.host)?.value) ?? listener.defaultHost;
  const host = bind === undefined || isAnyAddress(bind) ? undefined : parseHost(bind);
  if (host?.kind === 'loopback') return undefined;
  return { name: `${name}-webhook`, port, protocol: 'tcp', reach: 'webhook', source: place.source };
}

function isAnyAddress(text: string): boolean {
  return text === '0.0.0.0' || text === '::' || text === '*';
}

/** @throws RangeError for a URL of the catalogue that is none. */
function knownServer(url: string): Server {
  const server = parseServer(url);
  if (server === undefined) throw new RangeError(`not a URL: ${url}`);
  return server;
}
