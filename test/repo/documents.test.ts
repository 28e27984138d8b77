import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { anchorsOf, codeBlocks, linkedFile, linksOf } from './markdown.ts';
import { filesOf, ROOT, read } from './tree.ts';

const PAGES = filesOf('*.md', '{docs,web,examples,catalog,bench}/**/*.md');
const SCRIPTS = Object.keys(JSON.parse(read('package.json')).scripts);

describe('the documents', () => {
  test('link to what is there', () => {
    const broken = PAGES.flatMap((page) => brokenLinks(page, read(page)));
    assert.deepEqual(broken, []);
  });

  test('can each be reached from the README', () => {
    const reached = new Set(['README.md']);
    for (const page of reached) {
      if (!page.endsWith('.md') || !existsSync(resolve(ROOT, page))) continue;
      for (const { target } of linksOf(read(page))) {
        const linked = linkedFile(page, target);
        if (linked !== undefined) reached.add(linked.path);
      }
    }
    const lost = PAGES.filter((page) => !reached.has(page));
    assert.deepEqual(lost, [], 'nobody finds these pages: link them from a page that people read');
  });

  test('name only commands that exist', () => {
    const unknown = PAGES.flatMap((page) => unknownCommands(page, read(page)));
    assert.deepEqual(unknown, []);
  });

  test('show only policies that hold', () => {
    const policies = PAGES.flatMap((page) => codeBlocks(read(page), ['yaml']).map((text) => ({ page, text }))).filter(
      ({ text }) => /^portcullis: 1/m.test(text),
    );
    assert.ok(policies.length > 0, 'the README shows no policy');
    for (const { page, text } of policies) {
      const checked = spawnSync(process.execPath, [resolve(ROOT, 'src/cli/main.ts'), 'check', '-'], {
        encoding: 'utf8',
        input: text,
      });
      assert.equal(checked.status, 0, `${page}: ${checked.stderr}`);
    }
  });

  test('tell what changed in this version', () => {
    const { version } = JSON.parse(read('package.json'));
    assert.match(read('CHANGELOG.md'), new RegExp(`^## (?:\\[?Unreleased|\\[?${version.replaceAll('.', '\\.')})`, 'm'));
  });
});

describe('the check of the documents finds', () => {
  test('a link to a file that is not there', () => {
    assert.deepEqual(brokenLinks('docs/x.md', 'see [this](no-such-page.md)'), [
      'docs/x.md:1: `no-such-page.md` is not there',
    ]);
  });
  test('a link to a heading that is not there', () => {
    assert.deepEqual(brokenLinks('README.md', '# One\n\n[two](#two) and [one](#one)'), [
      'README.md:3: `#two`: no heading has this name',
    ]);
  });
  test('a script and a command that do not exist', () => {
    const page = '```sh\nnpm run nonsense\nnpx portcullis frobnicate --now\nnpm test\n```\n';
    assert.deepEqual(unknownCommands('README.md', page), [
      'README.md: `npm run nonsense` is no script of package.json',
      'README.md: `portcullis frobnicate` is no command',
    ]);
  });
});

function brokenLinks(page: string, text: string): string[] {
  return linksOf(text).flatMap(({ target, line }) => {
    const linked = linkedFile(page, target);
    if (linked === undefined) return [];
    if (!existsSync(resolve(ROOT, linked.path))) return [`${page}:${line}: \`${target}\` is not there`];
    if (linked.anchor === '' || !linked.path.endsWith('.md')) return [];
    const anchors = anchorsOf(linked.path === page ? text : read(linked.path));
    return anchors.has(linked.anchor) ? [] : [`${page}:${line}: \`${target}\`: no heading has this name`];
  });
}

/** In blocks of shell: npm scripts that package.json does not have, commands that the program does not have. */
function unknownCommands(page: string, text: string): string[] {
  return codeBlocks(text, ['sh', 'console']).flatMap((code) => {
    const scripts = [...code.matchAll(/\bnpm run ([a-z:-]+)/g)].map((match) => match[1]!);
    const commands = [...code.matchAll(/^\s*(?:[$#] )?(?:npx |sudo )*portcullis ([a-z][a-z-]*)/gm)].map(
      (match) => match[1]!,
    );
    return [
      ...scripts
        .filter((script) => !SCRIPTS.includes(script))
        .map((script) => `${page}: \`npm run ${script}\` is no script of package.json`),
      ...commands
        .filter((command) => !existsSync(resolve(ROOT, `src/cli/commands/${command}.ts`)))
        .map((command) => `${page}: \`portcullis ${command}\` is no command`),
    ];
  });
}
