import { type DockerContainer, type DockerFacts, NO_FACTS, readDocker } from '../../docker/index.ts';
import type { DockerEngine, DockerEvent } from '../../host/index.ts';
import { formatAddress } from '../../net/index.ts';
import type { LiveZones, ZonePlace } from '../../resolve/index.ts';
import { SourceFile } from '../../source/index.ts';
import type { ZoneSets } from './zone-sets.ts';

const AGAIN_MS = 200; // until the daemon is asked again that did not answer
const LOOK_MS = 500; // between looks whether other rules are loaded
const AT_ONCE = 8; // containers that are asked for at a time

/** Tells an operator what it does, a line each. */
export type Say = (line: string) => void;

/**
 * Keeps the kernel's sets of containers as Docker's containers come and go. Who is not in them is denied, so that whatever this misses is
 * closed: it starts with empty sets, and leaves them empty.
 */
export class DockerWatch {
  readonly #engine: DockerEngine;
  readonly #zones: LiveZones;
  readonly #sets: ZoneSets;
  readonly #say: Say;
  #work: Promise<void> = Promise.resolve(); // one step after the other
  #isEnding = false;

  constructor(engine: DockerEngine, zones: LiveZones, sets: ZoneSets, say: Say) {
    this.#engine = engine;
    this.#zones = zones;
    this.#sets = sets;
    this.#say = say;
  }

  /** Until it is told to end. */
  async run(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#sets.look();
      await this.#sets.replace([]); // addresses of before belong to nobody now, or to somebody else
    });
    this.#tellMissing();
    const timer = setInterval(() => void this.#inTurn(() => this.#look()), LOOK_MS);
    try {
      while (!this.#isEnding) {
        try {
          await this.#follow();
        } catch (error) {
          if (!this.#isEnding) this.#say(`Docker does not answer: ${said(error)}`);
        }
        if (!this.#isEnding) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    } finally {
      clearInterval(timer);
    }
  }

  /** Leaves nobody in the sets: with nobody to follow them, an address could be somebody else's next. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#inTurn(() => this.#sets.replace([]));
    this.#sets.close();
  }

  /** What happens is heard before it is asked who is there, so that nobody is missed in between. */
  async #follow(): Promise<void> {
    const events = this.#engine.events();
    const first = events.next();
    first.catch(() => undefined); // told where it is waited for
    await this.#inTurn(() => this.#resync());
    for (let next = await first; next.done !== true && !this.#isEnding; next = await events.next()) {
      const event = next.value;
      await this.#inTurn(() => this.#take(event));
    }
  }

  async #resync(): Promise<void> {
    const facts = await this.#networks();
    const ids = idsOf((await this.#engine.get('/containers/json')) ?? '[]');
    this.#zones.reset({ ...NO_FACTS, networks: facts.networks }, []);
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const part = ids.slice(at, at + AT_ONCE);
      const found = await Promise.all(part.map((id) => this.#container(id)));
      for (const [index, container] of found.entries()) this.#zones.put(part[index]!, container);
    }
    await this.#sets.look();
    await this.#sets.replace(this.#zones.all());
    this.#say(`${ids.length} containers run, ${this.#zones.all().length} addresses of them are in zones`);
  }

  async #take({ type, action, container, at }: DockerEvent): Promise<void> {
    if (type === 'network' && (action === 'create' || action === 'destroy'))
      this.#zones.learnNetworks(await this.#networks());
    if (container === undefined || !CONCERNS.has(action)) return;
    const found = ENDS.has(action) ? undefined : await this.#container(container);
    if (found !== undefined && !this.#zones.knowsNetworksOf(found)) this.#zones.learnNetworks(await this.#networks());
    const { came, went } = this.#zones.put(container, found);
    if (came.length + went.length === 0) return;
    try {
      await this.#sets.change(came, went);
    } catch {
      // Other rules were loaded meanwhile.
      await this.#sets.look();
      await this.#sets.replace(this.#zones.all());
    }
    // It is told that a network was joined before a container starts, and cannot be asked about it before it has.
    const since = came.length > 0 ? Math.max(at, found?.startedAt ?? at) : at;
    const changes = [...came.map(cameText), ...went.map(wentText)].join(', ');
    this.#say(`${action} ${container.slice(0, 12)}: ${changes} (after ${(Date.now() - since).toFixed(0)} ms)`);
  }

  /** Rules that are loaded anew know who was there when they were written. */
  async #look(): Promise<void> {
    if (!(await this.#sets.look())) return;
    await this.#sets.replace(this.#zones.all());
    this.#say('other rules were loaded: their sets hold who is there now');
    this.#tellMissing();
  }

  #tellMissing(): void {
    const there = this.#sets.zones;
    const missing = this.#zones.names.filter((zone) => !there.has(zone));
    if (missing.length > 0)
      this.#say(`no rule that is loaded asks for ${missing.map((zone) => `\`${zone}\``).join(', ')}: apply the policy`);
  }

  async #networks(): Promise<DockerFacts> {
    return factsOf((await this.#engine.get('/networks')) ?? '[]');
  }

  async #container(id: string): Promise<DockerContainer | undefined> {
    const text = await this.#engine.get(`/containers/${encodeURIComponent(id)}/json`);
    return text === undefined ? undefined : factsOf(text).containers[0];
  }

  /** @returns when it is done; what goes wrong is told, and leaves the sets as they are */
  #inTurn(step: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(step).catch((error) => {
      this.#say(`not done: ${said(error)}`);
    });
    return this.#work;
  }
}

/** After these a container has other addresses than before (Engine API, `/events`). */
const ENDS = new Set(['die', 'destroy']);
const CONCERNS = new Set(['start', 'restart', 'connect', 'disconnect', 'rename', 'update', 'unpause', ...ENDS]);

function factsOf(text: string): DockerFacts {
  return readDocker([new SourceFile('<docker>', text)]).facts ?? NO_FACTS;
}

function idsOf(text: string): string[] {
  const listed: unknown = JSON.parse(text);
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((each: { readonly Id?: unknown }) => (typeof each.Id === 'string' ? [each.Id] : []));
}

function cameText(place: ZonePlace): string {
  return `${formatAddress(place.address)} is in \`${place.zone}\``;
}

function wentText(place: ZonePlace): string {
  return `${formatAddress(place.address)} is no longer in \`${place.zone}\``;
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
