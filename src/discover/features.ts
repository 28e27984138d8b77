import type { ConfigKeys } from '../catalog/index.ts';
import type { Environment } from './environment.ts';
import { announces } from './listeners.ts';
import { discoverProvider, type ProviderQuestion } from './models.ts';
import type { Needs } from './needs.ts';
import { DISCOVERY_PROBLEMS } from './problems.ts';
import type { Section } from './section.ts';
import { parseHost } from './server.ts';

/** Everything but channels, models and listeners: tools, memory, speech, servers that the configuration names, services of OpenClaw. */
export function discoverFeatures(config: Section, keys: ConfigKeys, needs: Needs, environment: Environment): void {
  const ask: Asking = {
    config,
    keys,
    needs,
    environment,
    providers: new Map(config.sections('models.providers')),
    arbitrary: [],
  };
  webTools(ask);
  memory(ask);
  speech(ask);
  media(ask);
  mcpServers(ask);
  telemetry(ask);
  namedServers(ask);
  browser(ask);
  automation(ask);
  announcing(ask);
  voiceCalls(ask);
  sandboxes(ask);
  ownServices(ask);
  if (ask.arbitrary.length > 0) config.report(DISCOVERY_PROBLEMS.arbitraryDestinations, undefined, ask.arbitrary);
}

interface Asking {
  readonly config: Section;
  readonly keys: ConfigKeys;
  readonly needs: Needs;
  readonly environment: Environment;
  readonly providers: ReadonlyMap<string, Section>;
  readonly arbitrary: string[]; // features that connect to anything
}

function provider(
  { config, needs, environment, providers }: Asking,
  question: Pick<ProviderQuestion, 'name' | 'use' | 'keys'>,
): void {
  discoverProvider({ ...question, config, needs, environment, providers });
}

function webTools(ask: Asking): void {
  const { config, keys, needs, environment } = ask;
  const search = config.section('tools.web.search');
  if (search.flag('enabled') !== false) {
    const chosen = search.text('provider');
    if (chosen !== undefined) {
      provider(ask, {
        name: chosen.value,
        use: { purpose: 'web search', source: chosen.source },
        keys: keys.searches,
      });
    } else {
      config.report(DISCOVERY_PROBLEMS.autoSearch, search.source.span);
      for (const known of keys.searches.values()) {
        const variable = known.env.find((one) => environment(one) !== undefined);
        if (variable === undefined) continue;
        for (const entry of known.needs) needs.entry(entry, { purpose: 'web search', source: { key: variable } });
      }
    }
  }
  const fetch = config.section('tools.web.fetch');
  if (fetch.flag('enabled') !== false) ask.arbitrary.push('reading web pages (`tools.web.fetch`)');
}

/** For all agents, and for each that has settings of its own. */
function memory(ask: Asking): void {
  const { config } = ask;
  const agents = config.sections('agents.entries').map(([, agent]) => agent.section('memory.search'));
  memorySearch(ask, config.section('memory.search'));
  for (const search of agents) if (search.text('provider') !== undefined) memorySearch(ask, search);
}

/** Embeddings come from OpenAI where nothing else is said, and only where there is a key for it. */
function memorySearch(ask: Asking, search: Section): void {
  const { keys, needs, environment } = ask;
  if (search.flag('enabled') === false) return;
  const remote = search.server('remote.baseUrl');
  if (remote !== undefined) {
    needs.server('memory-search', remote.server, { purpose: 'memory search', source: remote.source });
    return;
  }
  const chosen = search.text('provider');
  if (chosen === undefined || chosen.value === 'auto') {
    const configured = environment('OPENAI_API_KEY') !== undefined || ask.providers.has('openai');
    needs.entry(
      'openai',
      { purpose: 'memory search', source: { key: `${search.path}.provider (unset)` } },
      configured ? undefined : 'if memory search shall use OpenAI, which is its default; no key for it was found',
    );
    return;
  }
  const named = [chosen, ...search.texts('fallback').filter(({ value }) => value !== 'none')];
  for (const { value, source } of named) {
    const known = new Map([...keys.providers, ...keys.embeddings]);
    provider(ask, { name: value, use: { purpose: 'memory search', source }, keys: known });
  }
}

function speech(ask: Asking): void {
  const { config, keys } = ask;
  const agents = config.sections('agents.entries').map(([, agent]) => agent.section('tts'));
  const sections = [config.section('tts'), config.section('talk'), config.section('talk.realtime'), ...agents];
  for (const section of sections) {
    if (section.flag('enabled') === false || section.text('auto')?.value === 'off') continue;
    const use = (source: Section['source']) => ({ purpose: 'speech', source });
    const named = section.text('provider');
    const known = new Map([...keys.providers, ...keys.speech]);
    if (named !== undefined) provider(ask, { name: named.value, use: use(named.source), keys: known });
    for (const [name, own] of section.sections('providers')) {
      const baseUrl = own.server('baseUrl');
      if (baseUrl !== undefined) ask.needs.server(name, baseUrl.server, use(baseUrl.source));
      else if (named?.value !== name) provider(ask, { name, use: use(own.source), keys: known });
    }
  }
}

/** Understanding pictures, sound and video. */
function media(ask: Asking): void {
  const { config, keys } = ask;
  const known = new Map([...keys.providers, ...keys.speech]);
  for (const { value, source } of config.texts('tools.media.models.*.provider'))
    provider(ask, { name: value, use: { purpose: 'understanding media', source }, keys: known });
}

function mcpServers({ config, needs }: Asking): void {
  for (const parent of ['mcp.servers', 'nodeHost.mcp.servers']) {
    for (const [name, server] of config.sections(parent)) {
      if (server.flag('enabled') === false) continue;
      const url = server.server('url');
      if (url !== undefined)
        needs.server(`mcp-${name}`, url.server, { purpose: `the MCP server ${name}`, source: url.source });
      else if (server.text('command') !== undefined)
        config.report(DISCOVERY_PROBLEMS.ownProgram, server.source.span, name);
    }
  }
}

function telemetry({ config, needs, environment }: Asking): void {
  const otel = config.section('diagnostics.otel');
  if (otel.flag('enabled') !== true || config.section('diagnostics').flag('enabled') === false) return;
  const purpose = 'traces, metrics and logs of OpenClaw';
  let named = false;
  for (const key of ['endpoint', 'tracesEndpoint', 'metricsEndpoint', 'logsEndpoint']) {
    const endpoint = otel.server(key);
    if (endpoint === undefined) continue;
    named = true;
    needs.server('opentelemetry', endpoint.server, { purpose, source: endpoint.source });
  }
  const url = environment('OTEL_EXPORTER_OTLP_ENDPOINT');
  if (named || url === undefined) return;
  const endpoint = config.parse({ value: url, source: { key: 'OTEL_EXPORTER_OTLP_ENDPOINT' } });
  if (endpoint !== undefined) needs.server('opentelemetry', endpoint.server, { purpose, source: endpoint.source });
}

/** Servers that settings all over the configuration name. */
function namedServers({ config, keys, needs }: Asking): void {
  for (const [pattern, { name, purpose, scheme }] of keys.servers) {
    for (const text of config.texts(pattern)) {
      const url = scheme === undefined || text.value.includes('://') ? text.value : `${scheme}://${text.value}`;
      const found = config.parse({ ...text, value: url });
      if (found !== undefined) needs.server(name, found.server, { purpose, source: found.source });
    }
  }
}

function browser({ config, needs, arbitrary }: Asking): void {
  const section = config.section('browser');
  if (section.flag('enabled') === false) return;
  const profiles = section.sections('profiles').map(([, profile]) => profile);
  const cdp = [section, ...profiles].flatMap((one) => one.server('cdpUrl') ?? []);
  for (const { server, source } of cdp) needs.server('browser-cdp', server, { purpose: 'a browser elsewhere', source });
  if (cdp.length === 0) arbitrary.push('the browser (`browser`)');
}

function automation({ config, needs }: Asking): void {
  const cron = config.section('cron');
  const alert = cron.section('failureAlert');
  if (alert.text('mode')?.value === 'webhook') {
    const to = alert.server('to');
    if (to !== undefined)
      needs.server('cron-webhook', to.server, { purpose: 'alerts of automations', source: to.source });
  }
  if (cron.section('webhookSsrfPolicy').present || cron.keys().includes('webhookToken'))
    config.report(DISCOVERY_PROBLEMS.storedElsewhere, cron.source.span, 'the webhooks of automations');
}

/** The groups of mDNS (RFC 6762 3): questions and answers go to all at once. */
const MDNS_GROUPS = ['224.0.0.251', 'ff02::fb'];

function announcing({ config, needs }: Asking): void {
  if (!announces(config)) return;
  const use = { purpose: 'announcing the gateway', source: config.section('plugins.entries.bonjour').source };
  for (const group of MDNS_GROUPS) {
    const host = parseHost(group);
    if (host !== undefined) needs.server('mdns-out', { host, port: 5353, http: false, udp: true }, use);
  }
}

function voiceCalls({ config, needs }: Asking): void {
  const plugin = config.section('plugins.entries.voice-call');
  if (!plugin.present || plugin.flag('enabled') === false) return;
  const chosen = plugin.text('config.provider');
  if (chosen?.value === 'twilio') needs.entry('twilio', { purpose: 'voice calls', source: chosen.source });
  else if (chosen !== undefined && chosen.value !== 'mock')
    config.report(DISCOVERY_PROBLEMS.unknownProvider, chosen.source.span, chosen.value, chosen.source.key);
}

/** A sandbox has no network unless it is given one, and then a whole one: what it sends is forwarded, not the agent's own. */
function sandboxes({ config }: Asking): void {
  const agents = config.sections('agents.entries').map(([, agent]) => agent);
  for (const agent of [config.section('agents.defaults'), ...agents]) {
    const network = agent.text('sandbox.docker.network');
    if (network !== undefined && network.value !== 'none')
      config.report(DISCOVERY_PROBLEMS.sandboxNetwork, network.source.span, network.source.key);
  }
}

/** What OpenClaw fetches from its makers, most of it unasked. */
function ownServices({ config, needs, environment, arbitrary }: Asking): void {
  const update = config.section('update');
  if (update.flag('checkOnStart') !== false) {
    const own = environment('OPENCLAW_TELEMETRY_ENDPOINT');
    const source = { key: 'update.checkOnStart (on by default)' };
    const server =
      own === undefined ? undefined : config.parse({ value: own, source: { key: 'OPENCLAW_TELEMETRY_ENDPOINT' } });
    if (server === undefined) needs.entry('openclaw-update', { purpose: 'the daily update check', source });
    else needs.server('openclaw-update', server.server, { purpose: 'the daily update check', source: server.source });
  }
  const refresh = config.section('models.catalogRefresh');
  if (refresh.flag('enabled') !== false) {
    const url = refresh.server('url');
    if (url !== undefined)
      needs.server('openclaw-catalog', url.server, { purpose: 'the list of models', source: url.source });
    else
      needs.entry('openclaw-catalog', {
        purpose: 'the list of models',
        source: { key: 'models.catalogRefresh (on by default)' },
      });
  }
  needs.entry(
    'openclaw-plugins',
    { purpose: 'plugins and skills', source: { key: 'plugins' } },
    'while you install or update plugins and skills: `npm` and `git` can also send things out here',
  );
  if (!/^(?:1|true|yes|on)$/i.test(environment('OPENCLAW_OFFLINE') ?? ''))
    needs.entry(
      'openclaw-helpers',
      { purpose: 'the programs fd and ripgrep', source: { key: 'OPENCLAW_OFFLINE (unset)' } },
      'if `fd` and `rg` are not installed here and OpenClaw shall fetch them; better: install them and close this again',
    );
  const relay = config.section('gateway.push.apns.relay').server('baseUrl');
  if (relay !== undefined) needs.server('push-relay', relay.server, { purpose: 'mobile push', source: relay.source });
  else
    needs.entry(
      'openclaw-push',
      { purpose: 'mobile push', source: { key: 'gateway.push' } },
      'if iPhones are paired with the gateway',
    );
  const favicons = config.section('gateway.controlUi');
  if (favicons.flag('automaticallyFetchFavicons') !== false)
    arbitrary.push('icons of linked pages (`gateway.controlUi.automaticallyFetchFavicons`)');
}
