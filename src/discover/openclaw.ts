import type { Catalog, ConfigKeys } from '../catalog/index.ts';
import { type Diagnostic, hasErrors, sortDiagnostics } from '../diagnostic/index.ts';
import { discoverChannels } from './channels.ts';
import { configVariables, type Environment, environmentOf, substitute } from './environment.ts';
import { discoverFeatures } from './features.ts';
import { discoverListeners, type Listener } from './listeners.ts';
import { type Files, loadConfig } from './load.ts';
import { discoverModels } from './models.ts';
import { type Need, Needs } from './needs.ts';
import { DISCOVERY_PROBLEMS } from './problems.ts';
import { type ConfigSource, Section } from './section.ts';
import type { Server } from './server.ts';
import { kindName } from './tree.ts';

/** What OpenClaw needs of the network, as far as its configuration tells; the diagnostics say what it does not tell. */
export interface Discovery {
  readonly files: readonly string[]; // that were read, the configuration first
  readonly needs: readonly Need[];
  readonly listeners: readonly Listener[];
  readonly proxy?: Proxy;
  readonly diagnostics: readonly Diagnostic[]; // an error means: do not build on this
}

/** OpenClaw's HTTP and WebSocket clients go through it; nothing else does. */
export interface Proxy {
  readonly server: Server;
  readonly source: ConfigSource;
}

export interface DiscoveryInput {
  readonly path: string; // of openclaw.json, absolute
  readonly files: Files;
  /** Variables as OpenClaw sees them, the first that has one wins: its environment, then `.env` files. */
  readonly environment: readonly Readonly<Record<string, string | undefined>>[];
  readonly catalog: Catalog;
  readonly keys: ConfigKeys;
}

export function discover({ path, files, environment: sources, catalog, keys }: DiscoveryInput): Discovery {
  const roots = (environmentOf(...sources)('OPENCLAW_INCLUDE_ROOTS') ?? '').split(':');
  const loaded = loadConfig(
    path,
    files,
    roots.filter((root) => root.startsWith('/')),
  );
  const diagnostics = [...loaded.diagnostics];
  const nothing = { files: loaded.files, needs: [], listeners: [] };
  if (loaded.root === undefined) return { ...nothing, diagnostics };
  const environment = environmentOf(...sources, configVariables(loaded.root));
  const root = substitute(loaded.root, environment);
  const config = new Section('', root, diagnostics);
  if (root.kind !== 'mapping') {
    config.report(DISCOVERY_PROBLEMS.notMapping, root.span, kindName(root));
    return { ...nothing, diagnostics };
  }
  const needs = new Needs(catalog);
  const webhooks = discoverChannels(config, keys, needs);
  discoverModels(config, keys, needs, environment);
  discoverFeatures(config, keys, needs, environment);
  const listeners = [...discoverListeners(config, environment), ...webhooks];
  for (const { name, port, reach, source } of listeners) {
    if (reach === 'webhook') config.report(DISCOVERY_PROBLEMS.webhookBehindProxy, source.span, `\`${name}\``, port);
  }
  const proxy = discoverProxy(config, environment);
  return {
    files: loaded.files,
    needs: needs.all(),
    listeners,
    ...(proxy === undefined ? {} : { proxy }),
    diagnostics: sortDiagnostics(withoutRepeats(errorsFirst(diagnostics))),
  };
}

function discoverProxy(config: Section, environment: Environment): Proxy | undefined {
  const section = config.section('proxy');
  if (section.flag('enabled') === false) return undefined;
  const named = section.server('proxyUrl');
  if (named !== undefined) return named;
  const url = environment('OPENCLAW_PROXY_URL');
  if (url !== undefined) return config.parse({ value: url, source: { key: 'OPENCLAW_PROXY_URL' } });
  if (section.flag('enabled') === true && section.text('proxyUrl') === undefined)
    config.report(DISCOVERY_PROBLEMS.proxyWithoutUrl, section.source.span);
  return undefined;
}

/** Where the configuration is wrong, the rest may only follow from that: it is told when the errors are mended. */
function errorsFirst(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return hasErrors(diagnostics) ? diagnostics.filter(({ severity }) => severity === 'error') : diagnostics;
}

/** Several readers look at the same key; each problem is told once. */
function withoutRepeats(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter(({ code, message, span }) => {
    const key = `${code} ${span?.file.name} ${span?.start} ${message}`;
    return !seen.has(key) && seen.add(key);
  });
}
