/** A word of a command line (systemd.service(5)): quoted, with the characters escaped that systemd would expand. */
export function unitWord(text: string): string {
  const escaped = text.replace(/[\\"]/g, '\\$&').replace(/%/g, '%%').replace(/\$/g, '$$$$');
  return /[\s"'\\;]/.test(text) ? `"${escaped}"` : escaped;
}
