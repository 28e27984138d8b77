import { CATALOG_RELEASE } from './catalog.ts';
import type { DataNode } from './data.ts';
import { readData } from './load.ts';

/** What the keys of an OpenClaw configuration mean for the network: data, versioned like the endpoints. */
export interface ConfigKeys {
  readonly channels: ReadonlyMap<string, ChannelKeys>; // `channels.NAME`
  readonly notChannels: readonly string[]; // keys of `channels` that are settings
  readonly providers: ReadonlyMap<string, ProviderKeys>; // model providers: `models.providers.NAME`, `NAME/model`
  readonly searches: ReadonlyMap<string, ProviderKeys>; // `tools.web.search.provider`
  readonly speech: ReadonlyMap<string, ProviderKeys>; // `tts.provider` and its like
  readonly embeddings: ReadonlyMap<string, ProviderKeys>; // `memory.search.provider`
  /** Settings of any section that name a server, as dotted paths with `*` for every member of a list or mapping. */
  readonly servers: ReadonlyMap<string, ServerKey>;
  /** Settings that sound like a server and are none for our purpose, with the reason; `*` may begin or end a path. */
  readonly notServers: ReadonlyMap<string, string>;
}

export interface ServerKey {
  readonly name: string; // of the flow
  readonly purpose: string;
  readonly scheme?: string; // where the setting is no URL: `ssh` for `user@host:port`
}

/** What a feature needs, in catalogue entries; both lists empty where it is not known. */
interface Needs {
  readonly needs: readonly string[];
  readonly optional: readonly OptionalNeed[]; // not for everybody, or not verified: offered, never opened unasked
  readonly note?: string;
}

export interface OptionalNeed {
  readonly entry: string;
  readonly note: string;
}

/** Keys are dotted paths below the channel or one of its accounts; `*` stands for every member of a list or mapping. */
export interface ChannelKeys extends Needs {
  readonly servers: readonly string[]; // keys that name a server by URL
  readonly fallback: readonly string[]; // URLs that are used where no `servers` key is set
  readonly replacedBy: readonly string[]; // keys whose URL stands in for `needs`
  readonly proxy?: string; // a key that names a proxy of the channel's own
  readonly choices?: { readonly key: string; readonly values: ReadonlyMap<string, readonly string[]> };
  readonly socket?: SocketKeys;
  readonly listener?: ListenerKeys;
}

/** A plain TCP connection. */
export interface SocketKeys {
  readonly host: string;
  readonly port: string;
  readonly defaultHost?: string;
  readonly defaultPort: number;
  readonly tls?: string; // false there means `plainPort`
  readonly plainPort?: number;
}

/** A port that the feature listens on. */
export interface ListenerKeys {
  readonly when?: { readonly key: string; readonly value?: string }; // only where this key is set (to this)
  readonly host?: string;
  readonly defaultHost?: string; // absent: all interfaces
  readonly port: string;
  readonly defaultPort?: number;
}

export interface ProviderKeys extends Needs {
  readonly oauth: readonly string[]; // entries for signing in with a subscription
  readonly local: boolean; // runs on this machine unless `baseUrl` says otherwise
  readonly port?: number; // of the local server
  readonly template?: string; // a host with `{}` for the region
  readonly region: readonly string[]; // environment variables that tell the region
  readonly env: readonly string[]; // environment variables whose presence shows that the provider is set up
  readonly urlEnv?: string; // environment variable that names the server
}

let loaded: ConfigKeys | undefined;

/** @throws Error as `loadCatalog` does. */
export function loadConfigKeys(): ConfigKeys {
  loaded ??= readKeys(readData(`openclaw-${CATALOG_RELEASE}-keys.json`));
  return loaded;
}

function readKeys(data: DataNode): ConfigKeys {
  const table = <Value>(key: string, read: (node: DataNode) => Value): ReadonlyMap<string, Value> =>
    new Map(
      data
        .key(key)
        .entries()
        .map(([name, node]) => [name, read(node)]),
    );
  return {
    channels: table('channels', readChannel),
    notChannels: texts(data, 'notChannels'),
    providers: table('providers', readProvider),
    searches: table('searches', readProvider),
    speech: table('speech', readProvider),
    embeddings: table('embeddings', readProvider),
    servers: table('servers', (node) => ({
      name: node.key('name').text(),
      purpose: node.key('purpose').text(),
      ...text(node, 'scheme'),
    })),
    notServers: table('notServers', (node) => node.text()),
  };
}

function readChannel(node: DataNode): ChannelKeys {
  const choices = node.optional('choices');
  const socket = node.optional('socket');
  const listener = node.optional('listener');
  return {
    ...readNeeds(node),
    ...text(node, 'proxy'),
    servers: texts(node, 'servers'),
    fallback: texts(node, 'fallback'),
    replacedBy: texts(node, 'replacedBy'),
    ...(choices === undefined ? {} : { choices: readChoices(choices) }),
    ...(socket === undefined ? {} : { socket: readSocket(socket) }),
    ...(listener === undefined ? {} : { listener: readListener(listener) }),
  };
}

function readChoices(node: DataNode): { key: string; values: ReadonlyMap<string, readonly string[]> } {
  const values = node.key('values').entries();
  return {
    key: node.key('key').text(),
    values: new Map(values.map(([name, list]) => [name, list.items().map((item) => item.text())])),
  };
}

function readSocket(node: DataNode): SocketKeys {
  return {
    host: node.key('host').text(),
    port: node.key('port').text(),
    defaultPort: node.key('defaultPort').port(),
    ...text(node, 'defaultHost'),
    ...text(node, 'tls'),
    ...port(node, 'plainPort'),
  };
}

function readListener(node: DataNode): ListenerKeys {
  const when = node.optional('when');
  return {
    port: node.key('port').text(),
    ...text(node, 'host'),
    ...text(node, 'defaultHost'),
    ...port(node, 'defaultPort'),
    ...(when === undefined ? {} : { when: { key: when.key('key').text(), ...text(when, 'value') } }),
  };
}

function readProvider(node: DataNode): ProviderKeys {
  return {
    ...readNeeds(node),
    ...text(node, 'template'),
    ...text(node, 'urlEnv'),
    ...port(node, 'port'),
    oauth: texts(node, 'oauth'),
    local: node.optional('local')?.value === true,
    region: texts(node, 'region'),
    env: texts(node, 'env'),
  };
}

function readNeeds(node: DataNode): Needs {
  const optional = node.optional('optional')?.items() ?? [];
  return {
    needs: texts(node, 'needs'),
    optional: optional.map((item) => ({ entry: item.key('entry').text(), note: item.key('note').text() })),
    ...text(node, 'note'),
  };
}

function texts(node: DataNode, key: string): readonly string[] {
  return (node.optional(key)?.items() ?? []).map((item) => item.text());
}

function text<Key extends string>(node: DataNode, key: Key): { readonly [name in Key]?: string } {
  const found = node.optional(key);
  return found === undefined ? {} : one(key, found.text());
}

function port<Key extends string>(node: DataNode, key: Key): { readonly [name in Key]?: number } {
  const found = node.optional(key);
  return found === undefined ? {} : one(key, found.port());
}

function one<Key extends string, Value>(key: Key, value: Value): { readonly [name in Key]?: Value } {
  const record: { [name in Key]?: Value } = {};
  record[key] = value;
  return record;
}
