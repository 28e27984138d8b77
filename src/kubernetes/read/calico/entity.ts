import type { AddressSet as Addresses } from '../../../packetset/index.ts';
import { AddressSet } from '../../../packetset/index.ts';
import type { ObjectRef } from '../../policy.ts';
import { allOf, EVERYTHING, type Selector } from '../../selector.ts';
import type { NamePattern } from '../name-patterns.ts';
import type { Part } from '../part.ts';
import { overNamespace, overServiceAccount } from './endpoints.ts';
import { NAMESPACE_LABEL, SERVICE_ACCOUNT_LABEL } from './labels.ts';
import { CALICO_PROBLEMS } from './problems.ts';
import { parseCalicoSelector } from './selector-parse.ts';
import { readDomains, readNets } from './sets.ts';

/** One end of a rule, `source` or `destination`: all that is given must hold. */
export interface Entity {
  readonly nets: Addresses | undefined;
  readonly notNets: Addresses | undefined;
  /** Over the labels that Calico sees; absent: also who has none. */
  readonly selector: Selector | undefined;
  readonly notSelector: Selector | undefined;
  readonly service: { readonly namespace: string; readonly name: string; readonly part: Part } | undefined;
  readonly domains: readonly NamePattern[] | undefined;
  readonly part: Part;
}

const FIELDS = [
  'nets',
  'notNets',
  'selector',
  'notSelector',
  'namespaceSelector',
  'serviceAccounts',
  'services',
  'ports',
  'notPorts',
  'domains', // Calico Enterprise and Cloud
];

/** @param policy whose rule it is: one of a namespace means that namespace where a selector names none */
export function readEntity(part: Part, policy: ObjectRef): Entity {
  part.only(FIELDS);
  const { namespace } = policy;
  const service = readService(part, namespace);
  const notSelector = readSelector(part.at('notSelector'));
  const nets = readNets(part.at('nets'));
  const notNets = readNets(part.at('notNets'));
  const domains = part.at('domains');
  return {
    nets: nets === undefined ? undefined : AddressSet.of(nets),
    notNets: notNets === undefined ? undefined : AddressSet.of(notNets),
    selector: whoIsMeant(part, namespace, notSelector !== undefined),
    notSelector,
    service,
    domains: domains.items().length === 0 ? undefined : readDomains(domains),
    part,
  };
}

/**
 * As Calico puts them together (libcalico-go, `GetEntityRuleSelector`): as soon as a rule of a namespaced policy asks for labels at all, it is
 * about its own namespace, unless it has a `namespaceSelector`.
 */
function whoIsMeant(part: Part, namespace: string | undefined, hasNotSelector: boolean): Selector | undefined {
  const asked = part.at('namespaceSelector');
  checkGlobal(part);
  const namespaces = readSelector(asked);
  const endpoints = readSelector(part.at('selector'));
  const accounts = readAccounts(part.at('serviceAccounts'));
  const parts = [endpoints, accounts].filter((selector) => selector !== undefined);
  if (namespaces !== undefined) return allOf([overNamespace(namespaces), ...parts]);
  if (parts.length === 0 && !hasNotSelector) return undefined;
  if (namespace !== undefined) return allOf([{ kind: 'in', key: NAMESPACE_LABEL, values: [namespace] }, ...parts]);
  return parts.length === 0 ? undefined : allOf(parts);
}

/** `undefined` where none is written (an empty one is none), or where it cannot be read, which has been told. */
export function readSelector(part: Part): Selector | undefined {
  const text = part.text();
  if (text === undefined || text.trim() === '') return undefined;
  const parsed = parseCalicoSelector(text);
  if (!('problem' in parsed)) return parsed;
  return part.report.say(CALICO_PROBLEMS.badSelector, part.span, part.path, text, parsed.problem, parsed.at);
}

function readAccounts(part: Part): Selector | undefined {
  if (!part.exists) return undefined;
  part.only(['names', 'selector']);
  const names = part.at('names').texts();
  const selector = readSelector(part.at('selector'));
  const parts: Selector[] = [];
  if (names.length > 0) parts.push({ kind: 'in', key: SERVICE_ACCOUNT_LABEL, values: names });
  if (selector !== undefined) parts.push(overServiceAccount(selector));
  return parts.length === 0 ? undefined : allOf(parts);
}

function checkGlobal(part: Part): void {
  for (const key of ['selector', 'notSelector']) {
    const field = part.at(key);
    if (field.text()?.includes('global(') !== true) continue;
    part.report.say(CALICO_PROBLEMS.refused, field.span, field.path, '`global()` belongs in `namespaceSelector`');
  }
  const field = part.at('namespaceSelector');
  const text = field.text();
  if (text?.includes('global(') === true && !/^[ \t]*global\([ \t]*\)[ \t]*$/.test(text)) {
    part.report.say(CALICO_PROBLEMS.refused, field.span, field.path, '`global()` stands alone');
  }
}

function readService(part: Part, namespace: string | undefined): Entity['service'] {
  const field = part.at('services');
  if (!field.exists) return undefined;
  field.only(['name', 'namespace']);
  for (const key of ['selector', 'notSelector', 'namespaceSelector', 'serviceAccounts', 'nets', 'notNets']) {
    if (!part.at(key).exists) continue;
    part.report.say(CALICO_PROBLEMS.refused, field.span, field.path, `it excludes \`${key}\` beside it`);
  }
  const name = field.at('name').text();
  if (name === undefined) return field.missing('name');
  const at = field.at('namespace').text() ?? namespace;
  if (at === undefined) {
    return part.report.say(
      CALICO_PROBLEMS.refused,
      field.span,
      field.path,
      'a global policy must name its `namespace`',
    );
  }
  return { namespace: at, name, part: field };
}

/** The addresses that an end may have. */
export function addressesOf(entity: Entity, all: Addresses): Addresses {
  const wanted = entity.nets === undefined ? all : all.intersect(entity.nets);
  return entity.notNets === undefined ? wanted : wanted.subtract(entity.notNets);
}

/** Who is meant by their labels, where labels are asked for: `selector` but not `notSelector`. */
export function labelsOf({ selector, notSelector }: Entity): Selector | undefined {
  if (selector === undefined && notSelector === undefined) return undefined;
  return allOf([
    selector ?? EVERYTHING,
    ...(notSelector === undefined ? [] : [{ kind: 'not', of: notSelector } as const]),
  ]);
}
