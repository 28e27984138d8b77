const WIDTH = 118; // columns

/** Lines of YAML with comments, as a person would write them. */
export class YamlWriter {
  readonly #lines: string[] = [];

  /** Comment lines, wrapped; `hang` stands before every line of the text but the first. */
  comment(text: string, indent = 0, lead = '', hang = lead): this {
    const margin = `${' '.repeat(indent)}# `;
    const lines = wrap(text, WIDTH - margin.length - hang.length);
    for (const [index, line] of lines.entries()) this.#lines.push(`${margin}${index === 0 ? lead : hang}${line}`);
    return this;
  }

  bullet(text: string): this {
    return this.comment(text, 0, '- ', '  ');
  }

  line(text: string, indent = 0): this {
    this.#lines.push(`${' '.repeat(indent)}${text}`);
    return this;
  }

  /** An empty line, never two in a row and none below a key. */
  gap(): this {
    const last = this.#lines.at(-1) ?? '';
    if (last !== '' && !/^\s*[\w-]+:$/.test(last)) this.#lines.push('');
    return this;
  }

  /** Lines that are there to be uncommented: taking `# ` away leaves YAML with the right indentation. */
  offered(lines: readonly string[], indent: number): this {
    for (const line of lines) this.#lines.push(`${' '.repeat(indent)}# ${line}`);
    return this;
  }

  text(): string {
    return `${this.#lines.join('\n').trimEnd()}\n`;
  }
}

/** A scalar: plain where every YAML reader gives the same text back, else in double quotes. */
export function scalar(text: string): string {
  if (IPV4.test(text)) return text;
  return PLAIN.test(text) && !WORD.test(text) && !NUMBER.test(text) ? text : JSON.stringify(text);
}

const PLAIN = /^[A-Za-z0-9_/](?:[A-Za-z0-9 ._/()*'@-]*[A-Za-z0-9._/()*'@-])?(?::[A-Za-z0-9._/()-]+)*$/;
const WORD = /^(?:true|false|null|yes|no|on|off|y|n)$/i; // truth values of YAML 1.1
const NUMBER = /^[\d_.:e+-]*$|^0[xob]|^\d{4}-\d/i; // of any base, times and dates too
const IPV4 = /^\d+\.\d+\.\d+\.\d+(?:\/\d+)?$/; // two dots: no number

/** One text as itself, several as a flow sequence. */
export function oneOrList(texts: readonly string[]): string {
  const [only] = texts;
  return texts.length === 1 && only !== undefined ? scalar(only) : list(texts);
}

export function list(texts: readonly string[]): string {
  return `[${texts.map((text) => (/[,\][{}]/.test(text) ? JSON.stringify(text) : scalar(text))).join(', ')}]`;
}

/** Accounts: names, or uids as bare numbers. */
export function users(accounts: readonly string[]): string {
  return `[${accounts.map((account) => (/^\d+$/.test(account) ? account : list([account]).slice(1, -1))).join(', ')}]`;
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
