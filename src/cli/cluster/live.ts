import { type Diagnostic, diagnose, excerpt } from '../../diagnostic/index.ts';
import { askApiServer } from '../../host/index.ts';
import { SourceFile } from '../../source/index.ts';
import { type Console, EXIT } from '../console.ts';
import { Stop } from '../report.ts';
import { WANTED } from './live-kinds.ts';
import { manifestText } from './live-manifest.ts';
import { LIVE_CLUSTER_PROBLEMS } from './live-problems.ts';

export interface LiveManifests {
  readonly sources: readonly SourceFile[]; // one for each object
  /** Errors: what could not be listed. */
  readonly problems: readonly Diagnostic[];
}

const AT_ONCE = 4; // processes of kubectl
const PAGE = 500; // objects, as kubectl's own --chunk-size
const TRIES = 3; // a list that changes under our hands is begun anew

/**
 * @param name as the user gave it
 * @param context of the kubeconfig; `undefined`: the current one
 * @throws Stop where the cluster does not answer at all
 */
export async function liveManifests(
  console: Console,
  name: string,
  context: string | undefined,
): Promise<LiveManifests> {
  const api = new ApiServer(console, name, context);
  const lists = await api.lists();
  const waiting = [...lists];
  const sources: SourceFile[] = [];
  const problems: Diagnostic[] = [];
  const work = async (): Promise<void> => {
    for (let list = waiting.shift(); list !== undefined; list = waiting.shift()) {
      const listed = await api.list(list);
      if ('problem' in listed) problems.push(listed.problem);
      else sources.push(...listed.items.map(({ path, text }) => new SourceFile(`<${name}>/${path}`, text)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { sources: sources.sort((a, b) => (a.name < b.name ? -1 : 1)), problems };
}

/** A resource that the server has. */
interface ListOf {
  readonly resource: string; // `networkpolicies.networking.k8s.io`
  readonly path: string; // `/apis/networking.k8s.io/v1/networkpolicies`
}

type Listed = { readonly items: readonly Item[] } | { readonly problem: Diagnostic };

interface Item {
  readonly path: string;
  readonly text: string;
}

class ApiServer {
  readonly #name: string;
  readonly #options: { readonly context?: string; readonly kubeconfig?: string };

  constructor({ env }: Console, name: string, context: string | undefined) {
    this.#name = name;
    this.#options = {
      ...(context === undefined ? {} : { context }),
      ...(env.KUBECONFIG === undefined ? {} : { kubeconfig: env.KUBECONFIG }),
    };
  }

  /** Of what is wanted, what the server has. @throws Stop where it does not answer */
  async lists(): Promise<ListOf[]> {
    const groups = await this.#document('/apis');
    const known = new Map(
      objects(groups.groups).map((group) => [group.name, objects(group.versions).map(({ version }) => version)]),
    );
    const asked = WANTED.map(async ({ name, versions, resources }) => {
      const version = name === '' ? versions[0] : versions.find((each) => known.get(name)?.includes(each));
      if (version === undefined) return [];
      const root = name === '' ? `/api/${version}` : `/apis/${name}/${version}`;
      const has = new Set(objects((await this.#document(root)).resources).map((each) => each.name));
      return resources
        .filter((resource) => has.has(resource))
        .map(
          (resource): ListOf => ({
            resource: name === '' ? resource : `${resource}.${name}`,
            path: `${root}/${resource}`,
          }),
        );
    });
    const found = (await Promise.all(asked)).flat();
    return [...new Map(found.map((list) => [list.resource, list])).values()];
  }

  async list(list: ListOf): Promise<Listed> {
    for (let tries = TRIES; ; tries--) {
      const listed = await this.#pages(list);
      if (listed !== 'expired') return listed;
      if (tries === 1) return this.#problem(list, 'the list changed all the time');
    }
  }

  async #pages(list: ListOf): Promise<Listed | 'expired'> {
    const items: Item[] = [];
    let next = '';
    do {
      const { exitCode, stdout, stderr } = await askApiServer(pagePath(list, next), this.#options);
      if (exitCode !== 0) {
        if (/\((?:Expired|Gone)\)/.test(stderr)) return 'expired';
        if (/\((?:Forbidden|Unauthorized)\)/.test(stderr))
          return { problem: diagnose(LIVE_CLUSTER_PROBLEMS.mayNotList, undefined, this.#name, list.resource) };
        return this.#problem(list, excerpt(stderr.trim(), 200));
      }
      const page = parsed(stdout);
      if (page === undefined || !Array.isArray(page.items)) return this.#problem(list, 'the answer is no list');
      items.push(...itemsOf(list, page));
      const { continue: token } = object(page.metadata);
      next = typeof token === 'string' ? token : '';
    } while (next !== '');
    return { items };
  }

  async #document(path: string): Promise<Record<string, unknown>> {
    const { exitCode, stdout, stderr } = await askApiServer(path, this.#options);
    const document = exitCode === 0 ? parsed(stdout) : undefined;
    if (document !== undefined) return document;
    const said = excerpt(stderr.trim() || 'it is no API server of Kubernetes', 300);
    throw new Stop(EXIT.machine, [diagnose(LIVE_CLUSTER_PROBLEMS.noAnswer, undefined, this.#name, said)]);
  }

  #problem({ resource }: ListOf, said: string): { readonly problem: Diagnostic } {
    return { problem: diagnose(LIVE_CLUSTER_PROBLEMS.notListed, undefined, this.#name, resource, said) };
  }
}

/** Pods that have come to their end open nothing any more. */
const RUNNING = 'status.phase!=Succeeded,status.phase!=Failed';

function pagePath({ path, resource }: ListOf, next: string): string {
  const query = new URLSearchParams({ limit: `${PAGE}` });
  if (resource === 'pods') query.set('fieldSelector', RUNNING);
  if (next !== '') query.set('continue', next);
  return `${path}?${query}`;
}

function itemsOf({ resource }: ListOf, page: Record<string, unknown>): Item[] {
  const kind = typeof page.kind === 'string' ? page.kind.replace(/List$/, '') : '';
  return objects(page.items).map((item) => {
    const { namespace, name } = object(item.metadata);
    const path = [resource, namespace, name].filter((part) => typeof part === 'string').join('/');
    return { path, text: manifestText({ apiVersion: page.apiVersion, kind, ...item }) };
  });
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function object(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

function objects(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
