/** As much of JSON Schema as the schema of OpenClaw uses. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly allOf?: readonly SchemaNode[];
}

const DEEPEST = 14;

/** Dotted paths of all settings that may be a text; `*` stands for every member of a list or mapping. */
export function stringKeys(schema: SchemaNode): readonly string[] {
  const found = new Set<string>();
  walk(schema, [], (path, node) => {
    if (isText(node)) found.add(path.join('.'));
  });
  return [...found];
}

const SOUNDS_LIKE_A_SERVER =
  /(?:url|urls|uri|endpoint|endpoints|host|hosts|homeserver|relay|relays|server|origin|apiroot|proxy|target)$/i;

/**
 * Settings whose name sounds like a server, a list of such by its own name. The accounts of a channel are left out: they
 * repeat the channel's settings.
 */
export function serverKeys(schema: SchemaNode): readonly string[] {
  const keys = stringKeys(schema).map((key) => key.replace(/\.\*$/, ''));
  return [...new Set(keys)].filter((key) => SOUNDS_LIKE_A_SERVER.test(key) && !key.includes('.accounts.*'));
}

function walk(
  node: SchemaNode,
  path: readonly string[],
  visit: (path: readonly string[], node: SchemaNode) => void,
): void {
  if (path.length > DEEPEST) return;
  visit(path, node);
  for (const one of [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])]) walk(one, path, visit);
  for (const [key, value] of Object.entries(node.properties ?? {})) walk(value, [...path, key], visit);
  if (typeof node.additionalProperties === 'object') walk(node.additionalProperties, [...path, '*'], visit);
  if (node.items !== undefined) walk(node.items, [...path, '*'], visit);
}

function isText(node: SchemaNode): boolean {
  return node.type === 'string' || (Array.isArray(node.type) && node.type.includes('string'));
}
