/**
 * A text of Compose with its variables put in (compose-spec 12-interpolation): `$NAME`, `${NAME}`, `${NAME:-default}`, `$$`. What
 * the variables will be is not looked up: a default stands for itself, and of one without the name is told.
 */
export function interpolated(text: string, unset: (name: string) => void): string {
  return text.replace(VARIABLE, (_whole, dollar, braced, operator, word, plain) => {
    if (dollar !== undefined) return '$';
    if (operator === ':-' || operator === '-') return interpolated(word, unset);
    if (operator === ':+' || operator === '+') return ''; // unset, as far as anybody said
    unset(braced ?? plain);
    return '';
  });
}

export const VARIABLE =
  /(\$)\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+?])((?:[^{}]|\$\{[^{}]*\})*))?\}|\$([A-Za-z_][A-Za-z0-9_]*)/g;
