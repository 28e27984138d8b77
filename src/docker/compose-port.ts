import { type Address, parseAddress, parsePortRange } from '../net/index.ts';
import type { Span } from '../source/index.ts';
import type { PublishedPort, WrittenPort } from './facts.ts';
import type { Tree } from './tree.ts';
import { VARIABLE } from './variables.ts';

/** The words of a port that is published; those that are absent were not written. */
interface PortWords {
  readonly address?: string | undefined;
  readonly host?: string | undefined;
  readonly container?: string | undefined;
  readonly protocol?: string | undefined;
}

const SHORT =
  /^(?:(?:\[(?<v6>[^\]]+)\]|(?<v4>\d+(?:\.\d+){3})|(?<bare>[0-9A-Fa-f]*(?::[0-9A-Fa-f]*){2,}?)):)?(?:(?<host>\d*(?:-\d+)?):)?(?<container>\d+(?:-\d+)?)(?:\/(?<protocol>[A-Za-z]+))?$/;

/**
 * One entry of a service's `ports`, in either form (compose-spec 05-services).
 * @param words puts variables into a text @returns what is wrong with it, as text
 */
export function composePort(port: Tree, words: (text: string) => string): PublishedPort | string {
  const read = port.isMap ? longForm(port, words) : shortForm(words(port.text() ?? ''));
  if (typeof read === 'string') return read;
  const found = published(read, port.span);
  return typeof found === 'string' ? found : { ...found, written: writtenAs(port, read) };
}

function writtenAs(port: Tree, { host }: PortWords): WrittenPort {
  const entry = port.isMap
    ? new Map(port.entries().flatMap(([key, value]) => (value.text() === undefined ? [] : [[key, value.text()!]])))
    : (port.text() ?? '');
  const alone = typeof entry === 'string' ? hostPart(entry) : entry.get('published');
  const isTold =
    host === undefined ? alone === undefined : alone !== undefined && (alone === host || isVariable(alone));
  return { entry, ...(isTold && alone !== undefined ? { host: alone } : {}) };
}

/** The last part but one, colons within variables not counted. No Compose file has a NUL (YAML 1.2.2, 5.1). */
function hostPart(entry: string): string | undefined {
  const variables: string[] = [];
  const masked = entry.replace(VARIABLE, (variable) => `\0${variables.push(variable) - 1}\0`);
  return masked
    .split(':')
    .at(-2)
    ?.replace(/\0(\d+)\0/g, (_, index) => variables[Number(index)] ?? '');
}

/** One variable and nothing beside it, with a port or nothing as its default: whatever it holds, it takes the place of a port. */
function isVariable(text: string): boolean {
  return /^\$(?:[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*(?::?-(?:\d+(?:-\d+)?)?)?\})$/.test(text);
}

function longForm(port: Tree, words: (text: string) => string): PortWords {
  const word = (key: string): string | undefined => {
    const text = port.at(key).text();
    return text === undefined ? undefined : words(text);
  };
  return { address: word('host_ip'), host: word('published'), container: word('target'), protocol: word('protocol') };
}

function shortForm(text: string): PortWords | string {
  const groups = SHORT.exec(text)?.groups;
  if (groups === undefined) return `\`${text}\` is no port that Compose can publish`;
  const { v6, v4, bare, host, container, protocol } = groups;
  return { address: v6 ?? v4 ?? bare, host, container, protocol };
}

function published(words: PortWords, span: Span | undefined): PublishedPort | string {
  const protocol = (words.protocol ?? 'tcp').toLowerCase();
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') return `\`${protocol}\` cannot be published`;
  const containerPorts = parsePortRange(words.container ?? '');
  if (containerPorts === undefined) return `\`${words.container ?? ''}\` is no port`;
  const ports = isEmpty(words.host) ? undefined : parsePortRange(words.host);
  if (!isEmpty(words.host) && ports === undefined) return `\`${words.host}\` is no port`;
  const on = isEmpty(words.address) ? undefined : parseAddress(words.address);
  if (!isEmpty(words.address) && on === undefined) return `\`${words.address}\` is no address`;
  return {
    protocol,
    containerPorts,
    families: on === undefined ? [4, 6] : [on.family],
    ...(ports === undefined ? {} : { ports }),
    ...(on === undefined || isEvery(on) ? {} : { on }),
    ...(span === undefined ? {} : { span }),
  };
}

function isEmpty(text: string | undefined): text is undefined | '' {
  return text === undefined || text === '';
}

/** 0.0.0.0 and :: stand for every address of their family. */
function isEvery({ value }: Address): boolean {
  return value === 0n;
}
