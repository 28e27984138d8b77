import { BASELINE, OFF_BY_DEFAULT } from '../../src/ir/index.ts';
import { policyJsonSchema } from '../../src/policy/index.ts';

type Schema = Readonly<Record<string, unknown>>;

/** docs/reference/policy.md: every key of the policy language, from the description that its parser is made of. */
export function policyReference(): string {
  const schema = policyJsonSchema();
  const definitions = recordOf(schema.$defs);
  const parts = [INTRODUCTION, '## The file', keyTable(schema)];
  for (const [name, title] of DEFINITIONS) {
    const definition = recordOf(definitions[name]);
    parts.push(`## ${title}`, ...described(definition));
    parts.push(...nested(definition));
  }
  parts.push('## Words', wordTable(definitions), '## Baseline', BASELINE_WORDS, baselineTable());
  return `${parts.join('\n\n')}\n`;
}

const INTRODUCTION = `<!-- Written by \`npm run reference\`. -->
# The policy language, version 1

A policy is a YAML file, \`portcullis.yaml\` by custom. It says who may open what towards whom; all else is denied, both
ways, IPv4 and IPv6. Flows only add up: there is no order of rules. Unknown keys are errors. For help while you write, name
the schema in the first line:

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/portcullis/schema/policy.json
portcullis: 1
\`\`\`

Built-in zones: \`host\` (this machine, every process), \`loopback\`, \`private\` (RFC 1918 and RFC 4193), \`internet\` (public
addresses only) and \`any\`. Where a list is asked for, one value alone will do. How to write a flow, step by step:
[write a flow](../guides/write-a-flow.md).`;

const BASELINE_WORDS =
  'What a host needs to live. `baseline: { dhcp: false }` switches a piece off, `true` switches one on.';

/** Those that have keys of their own, in the order in which people meet them. */
const DEFINITIONS: readonly (readonly [name: string, title: string])[] = [
  ['zone', 'A zone'],
  ['flow', 'A flow'],
  ['test', 'A test'],
  ['gateway', 'The gateway'],
  ['catalogEntry', 'A catalogue entry'],
];

function described(definition: Schema): string[] {
  const { description } = definition;
  return typeof description === 'string' ? [description, keyTable(definition)] : [keyTable(definition)];
}

function keyTable(schema: Schema): string {
  const required = Array.isArray(schema.required) ? schema.required : [];
  const rows = Object.entries(recordOf(schema.properties)).map(([key, value]) => {
    const property = recordOf(value);
    const must = required.includes(key) ? ' (required)' : '';
    return [`\`${key}\`${must}`, typeText(property), textOf(property.description)];
  });
  return table(['Key', 'Value', 'Meaning'], rows);
}

/** The keys of the mappings within a definition: `host` and its like. */
function nested(definition: Schema): string[] {
  return Object.entries(recordOf(definition.properties)).flatMap(([key, value]) => {
    const property = recordOf(value);
    return property.properties === undefined ? [] : [`### \`${key}\``, keyTable(property)];
  });
}

function wordTable(definitions: Schema): string {
  const rows = Object.entries(definitions).flatMap(([name, value]) => {
    const { type, description, examples } = recordOf(value);
    return type === 'string' ? [[name, textOf(description), examplesText(examples)]] : [];
  });
  return table(['Word', 'Meaning', 'For example'], rows);
}

function baselineTable(): string {
  const rows = BASELINE.map(({ name, why }) => [`\`${name}\``, OFF_BY_DEFAULT.includes(name) ? 'off' : 'on', why]);
  return table(['Piece', 'By default', 'Why'], rows);
}

function typeText(property: Schema): string {
  const { $ref, anyOf, type, additionalProperties } = property;
  if (typeof $ref === 'string') return $ref.slice($ref.lastIndexOf('/') + 1);
  if (property.const !== undefined) return `\`${String(property.const)}\``;
  if (Array.isArray(property.enum)) return property.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (Array.isArray(anyOf) && type === undefined && anyOf.length === 2 && recordOf(anyOf[1]).type === 'array') {
    return `one or more: ${typeText(recordOf(anyOf[0]))}`;
  }
  if (Array.isArray(anyOf) && type === undefined)
    return [...new Set(anyOf.map((each) => typeText(recordOf(each))))].join(', or ');
  if (type === 'array') return `list of ${typeText(recordOf(property.items))}`;
  if (type === 'object') {
    if (property.properties !== undefined) return 'mapping, see below';
    return additionalProperties === undefined
      ? 'mapping'
      : `mapping of names to ${typeText(recordOf(additionalProperties))}`;
  }
  const types = (Array.isArray(type) ? type : [type]).map(String).join(' or ');
  const examples = examplesText(property.examples);
  return examples === '' ? types : `${types}, such as ${examples}`;
}

function examplesText(examples: unknown): string {
  return Array.isArray(examples) ? examples.map((example) => `\`${String(example)}\``).join(', ') : '';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function recordOf(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
