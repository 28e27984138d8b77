import {
  EVERYTHING,
  type LabelMap,
  NAMESPACE_NAME,
  SERVICE_ACCOUNT_NAME,
  type Selector,
  type WorkloadSelector,
} from '../../kubernetes/index.ts';

/** Pods as the policy language recognises them: labels that are there with these values. */
export interface PodZone {
  readonly namespace?: string;
  readonly namespaceLabels: LabelMap;
  readonly labels: LabelMap;
  readonly serviceAccount?: string;
  readonly except: readonly PodZone[]; // without exceptions of their own
}

export const ANY_POD: PodZone = { namespaceLabels: new Map(), labels: new Map(), except: [] };

/** The same pods as one or more zones; `undefined` where the policy language has no words for the selector. */
export function zonesOf({ namespaces, pods, serviceAccounts }: WorkloadSelector): readonly PodZone[] | undefined {
  const parts = [partsOf(namespaces), partsOf(pods), partsOf(serviceAccounts ?? EVERYTHING)];
  const [spaces, labels, accounts] = parts;
  if (spaces === undefined || labels === undefined || accounts === undefined) return undefined;
  return spaces.flatMap((space) =>
    labels.flatMap((own) =>
      accounts.flatMap((account) => {
        if (account.is.size > 1 || (account.is.size === 1 && !account.is.has(SERVICE_ACCOUNT_NAME))) return [];
        const serviceAccount = account.is.get(SERVICE_ACCOUNT_NAME);
        const zone: PodZone = {
          ...inNamespace(space.is),
          labels: own.is,
          ...(serviceAccount === undefined ? {} : { serviceAccount }),
          except: [
            ...space.not.map((each) => ({ ...ANY_POD, ...inNamespace(each) })),
            ...own.not.map((each) => ({ ...ANY_POD, labels: each })),
            ...account.not.map((each) => ({ ...ANY_POD, serviceAccount: each.get(SERVICE_ACCOUNT_NAME) ?? '' })),
          ],
        };
        return sensible(zone);
      }),
    ),
  );
}

function inNamespace(labels: LabelMap): Pick<PodZone, 'namespace' | 'namespaceLabels'> {
  const namespace = labels.get(NAMESPACE_NAME);
  const namespaceLabels = new Map([...labels].filter(([key]) => key !== NAMESPACE_NAME));
  return { ...(namespace === undefined ? {} : { namespace }), namespaceLabels };
}

interface Part {
  readonly is: LabelMap;
  readonly not: readonly LabelMap[];
}

/** Any of these; `undefined`: it asks for more than values. */
function partsOf(selector: Selector): readonly Part[] | undefined {
  switch (selector.kind) {
    case 'everything':
      return [{ is: new Map(), not: [] }];
    case 'nothing':
      return [];
    case 'in':
      return selector.values.map((value) => ({ is: new Map([[selector.key, value]]), not: [] }));
    case 'any': {
      const parts = selector.of.map(partsOf);
      return parts.includes(undefined) ? undefined : parts.flatMap((part) => part!);
    }
    case 'all': {
      const parts = selector.of.map(partsOf);
      if (parts.includes(undefined)) return undefined;
      return parts.reduce<readonly Part[]>(
        (sum, part) => sum.flatMap((one) => part!.flatMap((other) => joined(one, other) ?? [])),
        [{ is: new Map(), not: [] }],
      );
    }
    case 'not':
      if (selector.of.kind !== 'in') return undefined;
      return [{ is: new Map(), not: selector.of.values.map((value) => new Map([[keyOf(selector.of), value]])) }];
    case 'has':
    case 'like':
      return undefined;
  }
}

function keyOf(selector: Selector): string {
  return 'key' in selector ? selector.key : '';
}

function joined(a: Part, b: Part): Part | undefined {
  const is = both(a.is, b.is);
  return is === undefined ? undefined : { is, not: [...a.not, ...b.not] };
}

/** `undefined`: no label has two values. */
function both(a: LabelMap, b: LabelMap): LabelMap | undefined {
  for (const [key, value] of b) if ((a.get(key) ?? value) !== value) return undefined;
  return new Map([...a, ...b]);
}

/** Pods of both; `undefined`: there are none. */
export function meet(a: PodZone, b: PodZone): PodZone | undefined {
  const labels = both(a.labels, b.labels);
  const namespaceLabels = both(a.namespaceLabels, b.namespaceLabels);
  const namespace = a.namespace ?? b.namespace;
  const serviceAccount = a.serviceAccount ?? b.serviceAccount;
  if (labels === undefined || namespaceLabels === undefined) return undefined;
  if (namespace !== (b.namespace ?? namespace) || serviceAccount !== (b.serviceAccount ?? serviceAccount))
    return undefined;
  return sensible({
    ...(namespace === undefined ? {} : { namespace }),
    namespaceLabels,
    labels,
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    except: [...a.except, ...b.except],
  })[0];
}

/** Without exceptions that take nothing away; none where one takes everything. */
function sensible(zone: PodZone): PodZone[] {
  const bare: PodZone = { ...zone, except: [] };
  const except = zone.except.filter((each) => meetsAt(bare, each));
  if (except.some((each) => isPart(bare, each))) return [];
  const distinct = [...new Map(except.map((each) => [zoneKey(each), each])).values()];
  return [{ ...zone, except: distinct }];
}

function meetsAt(a: PodZone, b: PodZone): boolean {
  const isOne = (x: string | undefined, y: string | undefined): boolean =>
    x === undefined || y === undefined || x === y;
  return (
    both(a.labels, b.labels) !== undefined &&
    both(a.namespaceLabels, b.namespaceLabels) !== undefined &&
    isOne(a.namespace, b.namespace) &&
    isOne(a.serviceAccount, b.serviceAccount)
  );
}

/** Everybody of the first is of the second. */
export function isPart(a: PodZone, b: PodZone): boolean {
  const has = (own: LabelMap, asked: LabelMap): boolean => [...asked].every(([key, value]) => own.get(key) === value);
  return (
    (b.namespace === undefined || a.namespace === b.namespace) &&
    (b.serviceAccount === undefined || a.serviceAccount === b.serviceAccount) &&
    has(a.namespaceLabels, b.namespaceLabels) &&
    has(a.labels, b.labels) &&
    b.except.every((each) => !meetsAt(a, each) || a.except.some((own) => isPart(each, own)))
  );
}

export function zoneKey({ namespace, namespaceLabels, labels, serviceAccount, except }: PodZone): string {
  const sorted = (map: LabelMap): (readonly [string, string])[] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    namespace,
    sorted(namespaceLabels),
    sorted(labels),
    serviceAccount,
    except.map(zoneKey).sort(),
  ]);
}
