import type { WorkloadSelector } from '../policy.ts';
import { allOf, NOTHING, type Selector } from '../selector.ts';
import type { Part } from './part.ts';
import { MANIFEST_PROBLEMS } from './problems.ts';

/**
 * A `LabelSelector` of the API (`matchLabels`, `matchExpressions`); one that is there and empty selects everything. What is wrong with it
 * is reported, by the rules of apimachinery's `ValidateLabelSelector`. Whether it may be absent, the caller asks (`part.exists`).
 */
export function labelSelector(part: Part): Selector {
  part.only(['matchLabels', 'matchExpressions']);
  const labels = part
    .at('matchLabels')
    .entries()
    .map(([key, value]): Selector => {
      checkKey(value, key);
      return { kind: 'in', key, values: [labelValue(value)] };
    });
  return allOf([...labels, ...part.at('matchExpressions').items().map(requirement)]);
}

/** Both selectors together, as the network policy API writes them; one that is absent selects everything. */
export function namespacedPods(part: Part): WorkloadSelector {
  part.only(['namespaceSelector', 'podSelector']);
  return { namespaces: labelSelector(part.at('namespaceSelector')), pods: labelSelector(part.at('podSelector')) };
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

function requirement(part: Part): Selector {
  part.only(['key', 'operator', 'values']);
  const key = part.at('key').text();
  if (key === undefined) part.missing('key');
  else checkKey(part.at('key'), key);
  const operator = part.at('operator');
  const values = part.at('values');
  const wanted = values.items().map(labelValue);
  switch (operator.text()) {
    case 'In':
      return one(values, wanted, { kind: 'in', key: key ?? '', values: wanted });
    case 'NotIn':
      return one(values, wanted, { kind: 'not', of: { kind: 'in', key: key ?? '', values: wanted } });
    case 'Exists':
      return none(values, wanted, { kind: 'has', key: key ?? '' });
    case 'DoesNotExist':
      return none(values, wanted, { kind: 'not', of: { kind: 'has', key: key ?? '' } });
    case undefined:
      if (!operator.exists) part.missing('operator');
      return NOTHING;
    default:
      badValue(operator, OPERATORS.map((each) => `\`${each}\``).join(', '));
      return NOTHING;
  }
}

function one(values: Part, wanted: readonly string[], selector: Selector): Selector {
  if (wanted.length === 0) values.report.say(MANIFEST_PROBLEMS.empty, values.span, values.path, 'value');
  return selector;
}

function none(values: Part, wanted: readonly string[], selector: Selector): Selector {
  const why = 'this operator asks for no values';
  if (wanted.length > 0) values.report.say(MANIFEST_PROBLEMS.excluded, values.span, values.path, why);
  return selector;
}

const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** A qualified name: at most 63 characters, before them a domain and a slash or nothing (apimachinery, `IsQualifiedName`). */
function checkKey(part: Part, key: string): void {
  const slash = key.indexOf('/');
  const isGood = NAME.test(key.slice(slash + 1)) && (slash === -1 || SUBDOMAIN.test(key.slice(0, slash)));
  if (isGood) return;
  part.report.say(MANIFEST_PROBLEMS.badValue, part.span, part.path, key, 'the key of a label');
}

function labelValue(part: Part): string {
  const value = part.text() ?? '';
  if (value !== '' && !NAME.test(value))
    badValue(part, 'the value of a label: at most 63 letters, digits, `-`, `_`, `.`');
  return value;
}

/** Says that the value is none of those that may stand here. */
export function badValue(part: Part, expected: string): undefined {
  const { node } = part;
  const value = node?.kind === 'scalar' ? node.text : part.path;
  return part.report.say(MANIFEST_PROBLEMS.badValue, part.span, part.path, value, expected);
}
