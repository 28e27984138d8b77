import { setTimeout as sleep } from 'node:timers/promises';
import { type DockerContainer, type DockerFacts, NO_FACTS, readDocker } from '../../docker/index.ts';
import type { DockerEngine, DockerEvent } from '../../host/index.ts';
import { formatAddress } from '../../net/index.ts';
import type { ZoneDeclaration } from '../../policy/index.ts';
import { LiveZones, type ZonePlace } from '../../resolve/index.ts';
import { SourceFile } from '../../source/index.ts';
import type { ZoneSets } from './zone-sets.ts';

const AGAIN_MS = 200; // until the daemon is asked again that did not answer
const LOOK_MS = 500; // between looks whether other rules are loaded
const AT_ONCE = 8; // containers that are asked for at a time

/** Tells an operator what it does, a line each. */
export type Say = (line: string) => void;

/** The zones of the policy as it stands now, or why it cannot be used. */
export type ZonesNow = () => Promise<readonly ZoneDeclaration[] | string>;

/**
 * Keeps the kernel's sets of containers as Docker's containers come and go. Who is not in them is denied, so that whatever this misses is
 * closed: they are empty when it starts, while nobody can be followed, and when it ends.
 */
export class DockerWatch {
  readonly #engine: DockerEngine;
  readonly #zonesNow: ZonesNow;
  readonly #sets: ZoneSets;
  readonly #say: Say;
  #declared: readonly ZoneDeclaration[] = [];
  #zones = new LiveZones([]);
  #following: AbortController | undefined; // while events are heard
  #work: Promise<unknown> = Promise.resolve(); // one step after the other
  #complaint = '';
  #isEnding = false;

  constructor(engine: DockerEngine, zonesNow: ZonesNow, sets: ZoneSets, say: Say) {
    this.#engine = engine;
    this.#zonesNow = zonesNow;
    this.#sets = sets;
    this.#say = say;
  }

  /** Until it is told to end. */
  async run(): Promise<void> {
    // Addresses of before belong to nobody now, or to somebody else.
    await this.#inTurn(async () => {
      if (!(await this.#seesOtherRules())) await this.#learnZones();
      await this.#sets.replace([]);
    }).catch((error) => this.#complain(error, 'the sets could not be emptied'));
    void this.#lookAgain();
    while (!this.#isEnding) {
      try {
        await this.#follow();
      } catch (error) {
        // A daemon that starts again may give an address to another container before it is heard.
        await this.#inTurn(() => this.#forget()).then(
          () => this.#complain(error),
          (other) => this.#complain(other, 'the sets could not be emptied'),
        );
      }
      await sleep(AGAIN_MS);
    }
  }

  /** Leaves nobody in the sets: with nobody to follow them, an address could be somebody else's next. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#following?.abort();
    await this.#work;
    await this.#sets.replace([]).catch((error) => this.#complain(error, 'the sets could not be emptied'));
    this.#sets.close();
  }

  /** What happens is heard before it is asked who is there, so that nobody is missed in between. @throws Error when it comes to an end */
  async #follow(): Promise<never> {
    const following = new AbortController();
    this.#following = following;
    try {
      const events = this.#engine.events(following.signal);
      const first = events.next();
      first.catch(() => undefined); // told where it is waited for
      await this.#inTurn(() => this.#resync());
      for (let next = await first; next.done !== true; next = await events.next()) {
        const event = next.value;
        await this.#inTurn(() => this.#take(event));
      }
      throw new Error('the daemon has ended');
    } finally {
      this.#following = undefined;
      following.abort();
    }
  }

  async #resync(): Promise<void> {
    await this.#seesOtherRules();
    const networks = await this.#networks();
    const ids = idsOf((await this.#engine.get('/containers/json')) ?? '[]');
    const zones = new LiveZones(this.#declared);
    zones.learnNetworks(networks);
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const part = ids.slice(at, at + AT_ONCE);
      const found = await Promise.all(part.map((id) => this.#container(id)));
      for (const [index, container] of found.entries()) zones.put(part[index]!, container);
    }
    this.#zones = zones;
    await this.#sets.replace(zones.all());
    this.#complaint = '';
    this.#say(`${ids.length} containers run, ${zones.all().length} addresses of them are in zones`);
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
    } catch (error) {
      if (!(await this.#seesOtherRules())) throw error;
      await this.#resync();
    }
    // It is told that a network was joined before a container starts, and cannot be asked about it before it has.
    const since = came.length > 0 ? Math.max(at, found?.startedAt ?? at) : at;
    const changes = [...came.map(cameText), ...went.map(wentText)].join(', ');
    this.#say(`${action} ${container.slice(0, 12)}: ${changes} (after ${(Date.now() - since).toFixed(0)} ms)`);
  }

  /** Every so often, one look after the other. */
  async #lookAgain(): Promise<void> {
    while (!this.#isEnding) {
      await sleep(LOOK_MS);
      await this.#inTurn(() => this.#look()).catch((error) => {
        this.#complain(error);
        this.#following?.abort(); // what was not done is done when it is begun anew
      });
    }
  }

  /** Rules that are loaded anew know who was there when they were written. */
  async #look(): Promise<void> {
    if (!(await this.#seesOtherRules())) return;
    this.#say('other rules were loaded: their sets hold who is there now');
    if (this.#following === undefined) await this.#forget();
    else await this.#resync();
  }

  /** Whether rules were loaded anew: they may be those of a policy that has changed. Whoever looks learns what it means now. */
  async #seesOtherRules(): Promise<boolean> {
    if (!(await this.#sets.look())) return false;
    await this.#learnZones();
    return true;
  }

  /** Of a policy that cannot be used nobody knows who is meant. */
  async #learnZones(): Promise<void> {
    const found = await this.#zonesNow();
    if (typeof found === 'string') this.#say(`nobody is in a zone until the policy can be used: ${found}`);
    this.#declared = typeof found === 'string' ? [] : found;
    this.#tellMissing();
  }

  async #forget(): Promise<void> {
    this.#zones = new LiveZones([]);
    await this.#seesOtherRules();
    await this.#sets.replace([]);
  }

  #tellMissing(): void {
    const there = this.#sets.zones;
    const missing = new LiveZones(this.#declared).names.filter((zone) => !there.has(zone));
    if (missing.length > 0)
      this.#say(`no rule that is loaded asks for ${missing.map((zone) => `\`${zone}\``).join(', ')}: apply the policy`);
  }

  /** Once, until it is over or something else is wrong. */
  #complain(error: unknown, what = 'nobody is in a zone until Docker is followed again'): void {
    const complaint = `${what}: ${error instanceof Error ? error.message : String(error)}`;
    if (!this.#isEnding && complaint !== this.#complaint) this.#say(complaint);
    this.#complaint = complaint;
  }

  async #networks(): Promise<DockerFacts> {
    return factsOf((await this.#engine.get('/networks')) ?? '[]');
  }

  async #container(id: string): Promise<DockerContainer | undefined> {
    const text = await this.#engine.get(`/containers/${encodeURIComponent(id)}/json`);
    return text === undefined ? undefined : factsOf(text).containers[0];
  }

  /** What goes wrong is the caller's affair, and no other step's. Nothing is done any more where it is ending. */
  #inTurn(step: () => Promise<void>): Promise<void> {
    const done = this.#work.then(() => (this.#isEnding ? undefined : step()));
    this.#work = done.catch(() => undefined);
    return done;
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
