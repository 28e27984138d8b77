import type { ConfigKeys, ProviderKeys } from '../catalog/index.ts';
import { type DnsName, parseDnsName } from '../net/index.ts';
import type { Environment } from './environment.ts';
import type { Needs, Use } from './needs.ts';
import { DISCOVERY_PROBLEMS } from './problems.ts';
import type { ConfigSource, Section } from './section.ts';

/** OpenClaw 2026.9.6: `DEFAULT_PROVIDER`, where no model is named. */
const DEFAULT_PROVIDER = 'openai';

/** Keys whose texts are models, `provider/model`, wherever they stand; aliases have no slash. */
const MODEL_KEY =
  /\.(?:model|primary|fallbacks|(?:utility|decision|image|pdf|voice|summary)Model|mediaModels\.\w+)(?:\[\d+\])?$/;

/** The sections in which models are named. */
const MODEL_SECTIONS = ['agents', 'hooks', 'cron', 'tools.exec', 'tts', 'channels.modelByChannel'];

/** The model providers in use, by their `baseUrl` where they have one. */
export function discoverModels(config: Section, keys: ConfigKeys, needs: Needs, environment: Environment): void {
  const providers = new Map(config.sections('models.providers'));
  const wanted = new Map<string, ConfigSource>();
  const want = (provider: string, source: ConfigSource): void => {
    const name = provider.trim().toLowerCase();
    if (name !== '' && !wanted.has(name)) wanted.set(name, source);
  };
  for (const { name, source } of namedModels(config)) want(name, source);
  for (const [, profile] of config.sections('auth.profiles')) {
    const provider = profile.text('provider');
    if (provider !== undefined) want(provider.value, provider.source);
  }
  for (const [name, provider] of providers) want(name, provider.source);
  if (wanted.size === 0) want(DEFAULT_PROVIDER, { key: 'the default model of OpenClaw' });

  for (const [name, source] of wanted) {
    discoverProvider({
      name,
      use: { purpose: 'models', source },
      keys: keys.providers,
      providers,
      needs,
      environment,
      config,
    });
  }
  for (const [, profile] of config.sections('auth.profiles')) {
    if (profile.text('mode')?.value !== 'oauth') continue;
    const use: Use = { purpose: 'signing in', source: profile.source };
    const provider = profile.text('provider')?.value ?? '';
    for (const entry of keys.providers.get(provider)?.oauth ?? []) needs.entry(entry, use);
  }
  // A key in the environment shows that a provider is set up, not that it is used.
  for (const [name, { env, needs: entries }] of keys.providers) {
    const variable = env.find((one) => environment(one) !== undefined);
    if (variable === undefined || wanted.has(name)) continue;
    const use: Use = { purpose: 'models', source: { key: variable } };
    for (const entry of entries)
      needs.entry(entry, use, 'if you use its models: a key for it is set, and no model of it is configured');
  }
}

export interface ProviderQuestion {
  readonly name: string;
  readonly use: Use;
  readonly keys: ReadonlyMap<string, ProviderKeys>;
  readonly providers: ReadonlyMap<string, Section>; // `models.providers`
  readonly needs: Needs;
  readonly environment: Environment;
  readonly config: Section;
}

/** What one provider of models, search, speech or embeddings needs: its `baseUrl`, or what the catalogue knows of it. */
export function discoverProvider(question: ProviderQuestion): void {
  const { name, use, keys, providers, needs, environment, config } = question;
  const own = providers.get(name);
  if (own?.text('baseUrl') !== undefined) {
    const baseUrl = own.server('baseUrl'); // one that cannot be read is reported there
    if (baseUrl !== undefined) needs.server(name, baseUrl.server, { ...use, source: baseUrl.source });
    return;
  }
  const known = keys.get(name);
  if (known === undefined || !discoverKnown(known, own, question)) {
    config.report(DISCOVERY_PROBLEMS.unknownProvider, use.source.span, name, use.source.key);
  }
  const url = known?.urlEnv === undefined ? undefined : environment(known.urlEnv);
  if (known?.urlEnv === undefined || url === undefined) return;
  const named = config.parse({ value: url, source: { key: known.urlEnv } });
  if (named !== undefined) needs.server(name, named.server, { ...use, source: named.source });
}

/** @returns whether anything is known of where it connects to. */
function discoverKnown(
  known: ProviderKeys,
  own: Section | undefined,
  { name, use, needs, environment }: ProviderQuestion,
): boolean {
  for (const entry of known.needs) needs.entry(entry, use);
  if (known.local) {
    if (known.port !== undefined) needs.server(name, { host: { kind: 'loopback' }, port: known.port, http: true }, use);
    return true;
  }
  const host = known.template === undefined ? undefined : regionalHost(known.template, known.region, own, environment);
  if (host !== undefined) needs.server(name, { host: { kind: 'name', name: host }, port: 443, http: true }, use);
  else for (const { entry, note } of known.optional) needs.entry(entry, use, note);
  const fromVariable = known.urlEnv !== undefined && environment(known.urlEnv) !== undefined;
  return known.needs.length > 0 || host !== undefined || fromVariable;
}

function regionalHost(
  template: string,
  variables: readonly string[],
  own: Section | undefined,
  environment: Environment,
): DnsName | undefined {
  const regions = [own?.text('region')?.value, ...variables.map((variable) => environment(variable))];
  const region = regions.find((one) => one !== undefined && /^[a-z0-9-]{2,40}$/.test(one));
  return region === undefined ? undefined : parseDnsName(template.replace('{}', region));
}

/** Every `provider/model` of the configuration, and the keys of the `models` mappings, which are models too. */
function* namedModels(config: Section): Generator<{ readonly name: string; readonly source: ConfigSource }> {
  for (const path of MODEL_SECTIONS) {
    const byChannel = path === 'channels.modelByChannel';
    for (const text of config.section(path).everyText()) {
      const slash = text.value.indexOf('/');
      if (slash > 0 && (byChannel || MODEL_KEY.test(text.source.key)))
        yield { name: text.value.slice(0, slash), source: text.source };
    }
  }
  const agents = [config.section('agents.defaults'), ...config.sections('agents.entries').map(([, agent]) => agent)];
  for (const agent of agents) {
    for (const [model, section] of agent.sections('models')) {
      const slash = model.indexOf('/');
      if (slash > 0) yield { name: model.slice(0, slash), source: { ...section.source, key: `${agent.path}.models` } };
    }
  }
}
