/**
 * Says whether plain data (of JSON) has a shape. `at` names the place for people, and what is wrong is added to `problems`:
 * all of it at once. A key that a record does not know is wrong, too: what is not understood is not passed over by root.
 */
export type Guard<T> = (value: unknown, at: string, problems: string[]) => value is T;

type Guarded<G> = G extends Guard<infer T> ? T : never;
type Guards = Readonly<Record<string, Guard<unknown>>>;

export function text(atMost = 4_096): Guard<string> {
  return (value, at, problems): value is string =>
    (typeof value === 'string' && value.length <= atMost) ||
    wrong(problems, at, `a text of at most ${atMost} characters`);
}

/** Whole, both ends inclusive. */
export function whole(least: number, most: number): Guard<number> {
  return (value, at, problems): value is number =>
    (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) ||
    wrong(problems, at, `a whole number from ${least} to ${most}`);
}

export const number: Guard<number> = (value, at, problems): value is number =>
  (typeof value === 'number' && Number.isFinite(value) && value >= 0) || wrong(problems, at, 'a number, not below 0');

export const flag: Guard<boolean> = (value, at, problems): value is boolean =>
  typeof value === 'boolean' || wrong(problems, at, '`true` or `false`');

export function matching(pattern: RegExp, what: string): Guard<string> {
  return (value, at, problems): value is string =>
    (typeof value === 'string' && pattern.test(value)) || wrong(problems, at, what);
}

export function oneOf<const T extends string | number>(...known: readonly T[]): Guard<T> {
  return (value, at, problems): value is T =>
    known.some((each) => each === value) || wrong(problems, at, `one of ${known.join(', ')}`);
}

export function list<T>(each: Guard<T>, atMost = 1_000_000): Guard<readonly T[]> {
  return (value, at, problems): value is readonly T[] => {
    if (!Array.isArray(value) || value.length > atMost) return wrong(problems, at, `a list of at most ${atMost}`);
    return all(value.map((item, index) => () => each(item, `${at}[${index}]`, problems)));
  };
}

/** Keys that are not known beforehand. */
export function dictionary<T>(each: Guard<T>): Guard<Readonly<Record<string, T>>> {
  return (value, at, problems): value is Readonly<Record<string, T>> => {
    if (!isRecord(value)) return wrong(problems, at, 'an object');
    return all(
      Object.entries(value).map(
        ([key, item]) =>
          () =>
            each(item, `${at}.${key}`, problems),
      ),
    );
  };
}

export function record<R extends Guards, O extends Guards>(
  required: R,
  optional: O,
): Guard<{ readonly [K in keyof R]: Guarded<R[K]> } & { readonly [K in keyof O]?: Guarded<O[K]> }> {
  return (
    value,
    at,
    problems,
  ): value is { readonly [K in keyof R]: Guarded<R[K]> } & { readonly [K in keyof O]?: Guarded<O[K]> } => {
    if (!isRecord(value)) return wrong(problems, at, 'an object');
    const known = Object.entries({ ...optional, ...required });
    const unknown = Object.keys(value).filter((key) => !known.some(([name]) => name === key));
    for (const key of unknown) problems.push(`${at}.${key.slice(0, 40)} is not known`);
    const fits = known.map(([key, guard]) => () => {
      if (!Object.hasOwn(value, key)) return !Object.hasOwn(required, key) || wrong(problems, `${at}.${key}`, 'given');
      return guard(value[key], `${at}.${key}`, problems);
    });
    return all(fits) && unknown.length === 0;
  };
}

/** One of several shapes, told apart by what stands under one key. */
export function tagged<const K extends string, G extends Guards>(
  key: K,
  guards: G,
): Guard<{ readonly [T in keyof G]: Guarded<G[T]> }[keyof G]> {
  return (value, at, problems): value is { readonly [T in keyof G]: Guarded<G[T]> }[keyof G] => {
    const tag = isRecord(value) ? value[key] : undefined;
    const guard = typeof tag === 'string' && Object.hasOwn(guards, tag) ? guards[tag] : undefined;
    if (guard === undefined) return wrong(problems, `${at}.${key}`, `one of ${Object.keys(guards).join(', ')}`);
    return guard(value, at, problems);
  };
}

/** JSON that has the shape; otherwise what is wrong with it. */
export function parseJson<T>(
  source: string,
  guard: Guard<T>,
  name: string,
): { readonly value: T } | { readonly problems: readonly string[] } {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    return { problems: [`${name} is no JSON`] };
  }
  const problems: string[] = [];
  return guard(value, name, problems) ? { value } : { problems };
}

function all(checks: readonly (() => boolean)[]): boolean {
  return checks.map((check) => check()).every(Boolean); // every one is asked, so that every problem is told
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(problems: string[], at: string, wanted: string): false {
  problems.push(`${at} must be ${wanted}`);
  return false;
}
