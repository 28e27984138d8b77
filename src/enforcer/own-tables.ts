/** The tables that are ours; nothing else is ever written (docs/decisions/0005-how-a-live-host-is-changed.md). */
const OWN_TABLES = ['portcullis', 'portcullis-lockdown'] as const;

/** Something in a text for `nft -f` that we do not give to the kernel. */
export interface ForeignCommand {
  readonly line: number; // from 1
  readonly why: string;
}

/**
 * What a text would do beside our own tables. This reads only as much of the language as it takes to be sure: whoever wrote the
 * text has proven it, and root holds it against the one promise that nothing but our tables changes, whatever the proof says.
 *
 * Every top-level command must be `table inet OURS { ... }` or a verb, a kind of object, `inet` and a table of ours. A rule
 * cannot leave its table, so what stands in braces is looked at only for words that would bring in other text.
 */
export function foreignCommands(text: string): readonly ForeignCommand[] {
  const scanned = scan(text);
  if ('why' in scanned) return [scanned];
  return scanned.commands.flatMap((command) => {
    const why = objection(command.words);
    return why === undefined ? [] : [{ line: command.line, why }];
  });
}

/** Whether a text makes the set `trial` and fills it: without that, nothing would take a change back. */
export function beginsTrial(text: string): boolean {
  const scanned = scan(text);
  if ('why' in scanned) return false;
  const given = scanned.commands.map(({ words }) => words.slice(0, 5).join(' '));
  return ['create set', 'add element'].every((verb) => given.includes(`${verb} inet portcullis trial`));
}

interface TopLevelCommand {
  readonly line: number;
  readonly words: readonly string[]; // up to the first brace, `{` for the brace; then what stands after the last one
}

const FORBIDDEN = new Set(['include', 'define', 'redefine', 'undefine', 'import', 'export', 'monitor']);

// biome-ignore lint/suspicious/noControlCharactersInRegex: no text of ours holds one, and a reader may stop at it
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/;

/** Parts as nft's scanner does (src/scanner.l): `"` to the next `"` is one string, `#` to the end of the line is a comment. */
const TOKEN = /"[^"]*"|#[^\n]*|[{};\n]|[^\s{};"#]+|[ \t]+|[\s\S]/g;

function scan(text: string): { readonly commands: readonly TopLevelCommand[] } | ForeignCommand {
  const commands: TopLevelCommand[] = [];
  let words: string[] = [];
  let line = 1;
  let started = 1;
  let depth = 0;
  const end = (): void => {
    if (words.length > 0) commands.push({ line: started, words });
    words = [];
  };
  for (const [token] of text.matchAll(TOKEN)) {
    const objects = strange(token);
    if (objects !== undefined) return { line, why: objects };
    if (token === '{') {
      if (depth++ === 0) words.push(token);
    } else if (token === '}') {
      if (--depth < 0) return { line, why: 'a brace is closed that was never opened' };
    } else if (token === '\n' || token === ';') {
      if (depth === 0) end();
    } else if (!/^[ \t#]/.test(token) && depth === 0) {
      if (words.length === 0) started = line;
      words.push(token);
    }
    line += token.split('\n').length - 1;
  }
  if (depth > 0) return { line: started, why: 'a brace is never closed' };
  end();
  return { commands };
}

function strange(token: string): string | undefined {
  if (token === '"') return 'a quote is never closed';
  if (CONTROL.test(token)) return 'it holds a control character';
  if (token.startsWith('"') || token.startsWith('#')) return undefined;
  if (token.includes('\\')) return 'it holds a backslash outside quotes';
  if (token.includes('$')) return 'it uses a variable';
  return FORBIDDEN.has(token) ? `it says \`${token}\`` : undefined;
}

const VERBS = ['add', 'create', 'insert', 'replace', 'delete', 'destroy', 'flush', 'rename', 'reset'];
const OBJECTS = ['table', 'chain', 'rule', 'set', 'map', 'element', 'counter', 'limit', 'quota'];

function objection(words: readonly string[]): string | undefined {
  const [object = '', family = '', table = '', ...rest] = words[0] === 'table' ? words : words.slice(1);
  const shown = words.slice(0, 4).join(' ').slice(0, 80);
  if (words[0] !== 'table' && !VERBS.includes(words[0] ?? '')) return `\`${shown}\` is no command that we give`;
  if (!OBJECTS.includes(object)) return `\`${shown}\` is about no object of a table`;
  if (family !== 'inet' || !OWN_TABLES.some((own) => own === table)) return `\`${shown}\` names no table of ours`;
  const isBlock = object === 'table' && rest.length > 0;
  return isBlock && (rest[0] !== '{' || rest.length > 1) ? `\`${shown}\` goes on after its table` : undefined;
}
