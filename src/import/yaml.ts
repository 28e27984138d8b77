const WIDTH = 118; // columns

/** A scalar: plain where every reader of YAML gives the same text back, else in double quotes. */
export function scalar(text: string): string {
  if (/^\d+\.\d+\.\d+\.\d+(?:\/\d+)?$/.test(text)) return text; // two dots: no number
  const isPlain = /^[A-Za-z_][A-Za-z0-9_./-]*(?::[A-Za-z0-9_.-]+)?$/.test(text);
  return isPlain && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text);
}

/** One text as itself, several as a flow sequence. */
export function oneOrList(texts: readonly string[]): string {
  return texts.length === 1 ? scalar(texts[0]!) : list(texts);
}

export function list(texts: readonly string[]): string {
  return `[${texts.map(scalar).join(', ')}]`;
}

/** `key: [a, b, ...]`, over several lines where it is long. */
export function listLines(key: string, texts: readonly string[], indent: number): string[] {
  const margin = ' '.repeat(indent);
  const line = `${margin}${key}: ${list(texts)}`;
  if (line.length <= WIDTH) return [line];
  return [`${margin}${key}:`, ...texts.map((text) => `${margin}  - ${scalar(text)}`)];
}

/** Comment lines, wrapped. */
export function comment(text: string, indent = 0): string[] {
  const margin = `${' '.repeat(indent)}# `;
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)!;
    if (last !== '' && margin.length + last.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map((line) => `${margin}${line}`);
}
