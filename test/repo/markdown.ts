import { dirname, join } from 'node:path/posix';

export interface Link {
  readonly target: string; // as written
  readonly line: number; // counts from 1
}

/** The links of a Markdown text, those inside code left out. */
export function linksOf(text: string): Link[] {
  const prose = text.replace(/^```[\s\S]*?^```|`[^`\n]*`/gm, (code) => code.replace(/[^\n]/g, ' '));
  const inline = prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g);
  const named = prose.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm);
  return [...inline, ...named].map((match) => ({
    target: match[1]!,
    line: prose.slice(0, match.index).split('\n').length,
  }));
}

/** The names under which headings can be linked to, as GitHub makes them. */
export function anchorsOf(text: string): Set<string> {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '');
  const anchors = new Set<string>();
  for (const [, heading] of prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const base = heading!
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    let anchor = base;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${base}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** What a link of the page at `path` points to inside the repository; `undefined` for the web and for mail. */
export function linkedFile(path: string, target: string): { path: string; anchor: string } | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return undefined;
  const [file = '', anchor = ''] = target.split('#');
  return { path: file === '' ? path : join(dirname(path), decodeURIComponent(file)), anchor };
}

/** The fenced blocks of code in one of the given languages. */
export function codeBlocks(text: string, languages: readonly string[]): string[] {
  return [...text.matchAll(/^```([a-z-]*)[^\n]*\n([\s\S]*?)^```/gm)]
    .filter(([, language]) => languages.includes(language!))
    .map(([, , code]) => code!);
}
