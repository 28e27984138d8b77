/**
 * Text from outside made safe to show: every control character, also the C1 range, line and paragraph separators and the
 * direction overrides that reorder a terminal line (Unicode TR 36 bidi), is written as `\u{...}`.
 */
export function escapeControls(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/** As `escapeControls`, but at most `limit` characters, the cut shown by an ellipsis. */
export function excerpt(text: string, limit: number): string {
  return escapeControls(text.length > limit ? `${text.slice(0, limit - 1)}…` : text);
}
