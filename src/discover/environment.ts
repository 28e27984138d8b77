import type { ConfigNode, Member } from './tree.ts';

/** Looks up an environment variable as OpenClaw would see it; `undefined` where it is not set, or empty. */
export type Environment = (name: string) => string | undefined;

/** The first source that has the variable wins, as in OpenClaw: its environment, `.env` beside the configuration, `env.vars`. */
export function environmentOf(...sources: readonly Readonly<Record<string, string | undefined>>[]): Environment {
  return (name) => {
    for (const source of sources) {
      const value = Object.hasOwn(source, name) ? source[name] : undefined;
      if (value !== undefined && value !== '') return value;
    }
    return undefined;
  };
}

const ASSIGNMENT = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^#]*))/;

/** The variables of a `.env` file: `NAME=value`, quotes optional, `#` begins a comment. Other lines mean nothing. */
export function parseDotenv(text: string): Record<string, string> {
  const variables: Record<string, string> = Object.create(null);
  for (const line of text.split(/\r?\n/)) {
    const found = ASSIGNMENT.exec(line);
    if (found === null) continue;
    variables[found[1]!] ??= found[2] ?? found[3] ?? found[4]!.trim();
  }
  return variables;
}

/** `env.vars` of the configuration itself. */
export function configVariables(root: ConfigNode): Record<string, string> {
  const variables: Record<string, string> = Object.create(null);
  const env = root.kind === 'mapping' ? root.members.get('env')?.value : undefined;
  const vars = env?.kind === 'mapping' ? env.members.get('vars')?.value : undefined;
  if (vars?.kind !== 'mapping') return variables;
  for (const [name, { value }] of vars.members) if (value.kind === 'text') variables[name] = value.value;
  return variables;
}

const REFERENCE = /\$(\$?)\{([A-Z_][A-Z0-9_]*)\}/g;

/** Every text with its `${NAME}` filled in; `$${NAME}` stands for itself. A text that needs a variable which is not set keeps its name. */
export function substitute(node: ConfigNode, environment: Environment): ConfigNode {
  switch (node.kind) {
    case 'mapping': {
      const members = new Map<string, Member>();
      for (const [key, { keySpan, value }] of node.members)
        members.set(key, { keySpan, value: substitute(value, environment) });
      return { ...node, members };
    }
    case 'list':
      return { ...node, items: node.items.map((item) => substitute(item, environment)) };
    case 'text': {
      if (!node.value.includes('${')) return node;
      let unset: string | undefined;
      const value = node.value.replace(REFERENCE, (reference, escaped: string, name: string) => {
        if (escaped !== '') return reference.slice(1);
        const found = environment(name);
        if (found === undefined) unset ??= name;
        return found ?? reference;
      });
      return { ...node, value, ...(unset === undefined ? {} : { unset }) };
    }
    case 'number':
    case 'boolean':
    case 'null':
      return node;
  }
}
