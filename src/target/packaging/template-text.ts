/**
 * Text of a Helm template that no user's text can take over. Manifests are printed with marks where a value goes, then every `{{` in them is made
 * text, and only then do the marks become actions. What the defaults give can be said without Helm, so that it is held against what was proven.
 */
export interface Slot {
  readonly mark: string; // stands in the printed text, in a line of its own or within one
  readonly whole: boolean; // the mark is a key, and its line is replaced as a whole
  readonly action: (indent: number) => string; // what Helm is told
  readonly byDefault: (indent: number) => string; // what Helm makes of it with the default values
}

/** What marks begin with: nothing that stands in any of these texts. */
export function markPrefix(texts: readonly string[]): string {
  for (let number = 1; ; number++) {
    const prefix = `PORTCULLIS_VALUE_${number}_`;
    if (!texts.some((text) => text.includes(prefix))) return prefix;
  }
}

/** Everything is text, also what looks like an action (text/template, Actions). */
export function asText(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}

export function templateOf(printed: string, slots: readonly Slot[]): string {
  return filled(asText(printed), slots, (slot) => slot.action);
}

export function defaultOf(printed: string, slots: readonly Slot[]): string {
  return filled(printed, slots, (slot) => slot.byDefault);
}

function filled(text: string, slots: readonly Slot[], content: (slot: Slot) => Slot['action']): string {
  return slots.reduce((before, slot) => {
    const pattern = slot.whole ? new RegExp(`^( *)${slot.mark}: .*$`, 'gm') : new RegExp(slot.mark, 'g');
    return before.replace(pattern, (_, indent?: string | number) =>
      content(slot)(typeof indent === 'string' ? indent.length : 0),
    );
  }, text);
}
