/** A name that the policy language takes for a flow or a policy: lower case, digits, `-`, `_`, `.`; at most 56 characters. */
export function flowName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .slice(0, 56)
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
  return name === '' ? 'flow' : name;
}

/** A name for a zone: it begins with a letter and has no dots, so that it is never taken for a host. */
export function zoneName(text: string): string {
  const name = flowName(text).replaceAll('.', '-');
  return /^[a-z]/.test(name) ? name : `zone-${name}`.slice(0, 56);
}

/** The name itself, or with the first number that makes it new. */
export function uniqueName(name: string, taken: { readonly has: (name: string) => boolean }): string {
  let unique = name;
  for (let count = 2; taken.has(unique); count++) unique = `${name}-${count}`;
  return unique;
}
