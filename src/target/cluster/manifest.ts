import { Document, type Node, YAMLMap, YAMLSeq } from 'yaml';
import { escapeControls } from '../../diagnostic/index.ts';
import type { Artifact } from '../target.ts';

/** A file of manifests; `name` has no folder. */
export interface ManifestFile {
  readonly name: string;
  readonly comment: readonly string[]; // at its head
  readonly objects: readonly ManifestObject[];
}

/** One object, as its API has it. */
export interface ManifestObject {
  readonly comment: readonly string[]; // above it
  readonly body: ObjectTree;
}

export type Tree = string | number | boolean | readonly Tree[] | ObjectTree | Noted;
/** Fields that are `undefined` are left out. */
export interface ObjectTree {
  readonly [field: string]: Tree | undefined;
}

/** A part with a comment above it. */
export class Noted {
  readonly note: string;
  readonly value: Tree;

  constructor(note: string, value: Tree) {
    this.note = note;
    this.value = value;
  }
}

/** YAML 1.1, which is what `kubectl` reads (sigs.k8s.io/yaml): a text that would be another type there is put in quotes. */
export function printManifests(files: readonly ManifestFile[]): readonly Artifact[] {
  return files.map(({ name, comment, objects }) => ({
    name,
    text: [commentText(comment), ...objects.map(objectText)].join(''),
  }));
}

function commentText(lines: readonly string[]): string {
  return lines.map((line) => (line === '' ? '#\n' : `# ${escapeControls(line)}\n`)).join('');
}

function objectText({ comment, body }: ManifestObject): string {
  return `---\n${commentText(comment)}${yamlText(body)}`;
}

export function yamlText(body: Tree): string {
  const document = new Document(undefined, { version: '1.1', merge: false });
  document.contents = nodeOf(body, document);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false, directives: false });
}

function nodeOf(tree: Tree, document: Document): Node {
  if (tree instanceof Noted) {
    const node = nodeOf(tree.value, document);
    node.commentBefore = ` ${escapeControls(tree.note)}`;
    return node;
  }
  if (isList(tree)) {
    const list = new YAMLSeq(document.schema);
    for (const item of tree) list.items.push(nodeOf(item, document));
    return list;
  }
  if (typeof tree !== 'object') {
    const node = document.createNode(tree);
    if (typeof tree === 'string' && tree.includes('\n')) node.type = 'BLOCK_LITERAL';
    return node;
  }
  const map = new YAMLMap(document.schema);
  for (const [field, value] of Object.entries(tree))
    if (value !== undefined) map.add({ key: document.createNode(field), value: nodeOf(value, document) });
  return map;
}

function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree);
}
