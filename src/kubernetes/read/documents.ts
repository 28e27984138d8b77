import {
  type Reporter,
  readYamlDocuments,
  type YamlDocument,
  type YamlMap,
  type YamlNode,
} from '../../policy/index.ts';
import type { SourceFile, Span } from '../../source/index.ts';
import { MANIFEST_PROBLEMS } from './problems.ts';

/** An object as it is written, with the type that its list says where it says none itself. */
export interface WrittenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly node: YamlMap;
}

/** Tags that say no more than YAML's own types do; serialisers of other languages write them now and then. */
const TAGS = ['!!str', '!!int', '!!float', '!!bool', '!!null', '!!map', '!!seq', '!!binary'];

/** Lists in what a live cluster tells of its objects that are long, and say nothing of the network. */
const LEFT_OUT = [
  'managedFields',
  'conditions',
  'containerStatuses',
  'initContainerStatuses',
  'volumes',
  'volumeMounts',
  'env',
  'envFrom',
  'tolerations',
  'images',
];

/** Every object in the files; lists are taken apart, what is no manifest is passed over with a word. */
export function objectsOf(files: readonly SourceFile[], report: Reporter): WrittenObject[] {
  return files.flatMap((file) =>
    readYamlDocuments(file, report, { tags: TAGS, leftOut: LEFT_OUT }).flatMap((document) =>
      fromDocument(document, report),
    ),
  );
}

function fromDocument({ root, span, report: own }: YamlDocument, report: Reporter): WrittenObject[] {
  const text = span.file.text.slice(span.start, span.end);
  const template = own.count > 0 ? templateAt(span, text) : undefined;
  if (template !== undefined) {
    report.say(MANIFEST_PROBLEMS.template, template);
    return [];
  }
  if (root === undefined) {
    // Files of others may be broken, or be no YAML at all.
    if (/\bapiVersion\b/.test(text) && /\bkind\b/.test(text)) report.take(own);
    else report.say(MANIFEST_PROBLEMS.notManifest, span);
    return [];
  }
  const objects = fromNode(root, undefined);
  if (objects === undefined) {
    report.say(MANIFEST_PROBLEMS.notManifest, root.span);
    return [];
  }
  report.take(own);
  return objects.flatMap((object) => {
    if (object.kind === 'Kustomization') report.say(MANIFEST_PROBLEMS.notRendered, object.node.span);
    const name = templateIn(object.node);
    if (name === undefined) return [object];
    report.say(MANIFEST_PROBLEMS.template, name);
    return [];
  });
}

/** Where the text has an action of Go's templates outside of a comment. */
function templateAt({ file, start }: Span, text: string): Span | undefined {
  const found = /^(?:[^#\n]*?)(\{\{)/m.exec(text);
  if (found === null) return undefined;
  const at = start + found.index + found[0].length - 2;
  return { file, start: at, end: at + 2 };
}

/** A name in quotes with an action in it makes valid YAML all the same. */
function templateIn(node: YamlMap): Span | undefined {
  const metadata = node.entries.get('metadata')?.value;
  if (metadata?.kind !== 'map') return undefined;
  for (const key of ['name', 'namespace']) {
    const value = metadata.entries.get(key)?.value;
    if (value?.kind === 'scalar' && value.text.includes('{{')) return value.span;
  }
  return undefined;
}

interface ItemType {
  readonly apiVersion: string;
  readonly kind: string;
}

/** `undefined`: it is no manifest. A manifest that lacks one of both types keeps it as the empty text. */
function fromNode(node: YamlNode, item: ItemType | undefined): WrittenObject[] | undefined {
  if (node.kind !== 'map') return undefined;
  const apiVersion = textOf(node, 'apiVersion') ?? item?.apiVersion ?? '';
  const kind = textOf(node, 'kind') ?? item?.kind ?? '';
  if (apiVersion === '' && kind === '') return undefined;
  // Helm's Chart.yaml and other files have one of the two, but nothing else of an object.
  if ((apiVersion === '' || kind === '') && !node.entries.has('metadata')) return undefined;
  const items = node.entries.get('items')?.value;
  if (kind.endsWith('List') && items?.kind === 'list') {
    const of = kind === 'List' ? undefined : { apiVersion, kind: kind.slice(0, -'List'.length) };
    return items.items.flatMap((each) => fromNode(each, of) ?? []);
  }
  return [{ apiVersion, kind, node }];
}

function textOf(node: YamlMap, key: string): string | undefined {
  const value = node.entries.get(key)?.value;
  return value?.kind === 'scalar' && value.value !== null ? value.text : undefined;
}
