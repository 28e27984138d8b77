import { dirname } from 'node:path/posix';
import type { Reporter, YamlNode } from '../policy/index.ts';
import type { SourceFile } from '../source/index.ts';
import { composeProject } from './compose.ts';
import { mergeCompose, withoutTags } from './compose-merge.ts';
import type { ComposeProject } from './project.ts';
import { Tree } from './tree.ts';

export interface ComposeFile {
  readonly file: SourceFile;
  readonly node: YamlNode;
}

/** Services, or networks alone as an override may have them. */
export function isCompose(tree: Tree): boolean {
  return tree.at('services').isMap || (tree.at('networks').isMap && !tree.has('IPAM'));
}

/** The projects of these files, each with its files laid over each other in their order. */
export function composeProjects(files: readonly ComposeFile[], report: Reporter): ComposeProject[] {
  const projects: ComposeFile[][] = [];
  for (const file of files) {
    const own = projects.findLast(([first]) => first !== undefined && belongs(file, first)) ?? [];
    if (own.length === 0) projects.push(own);
    own.push(file);
  }
  return projects.map((own) => {
    const [first, ...others] = own.map(({ node }) => node);
    const tree = new Tree(others.reduce(mergeCompose, withoutTags(first!)));
    return composeProject(
      own.map(({ file }) => file),
      tree,
      folderOf(own[0]!.file.name),
      report,
    );
  });
}

/** To the same project: by its name or its folder; a file with services that Compose would refuse alone must be for the one before it. */
function belongs(file: ComposeFile, first: ComposeFile): boolean {
  const [name, other] = [file, first].map(({ node }) => new Tree(node).at('name').text());
  if (name !== undefined && other !== undefined) return name === other;
  if (dirname(file.file.name) === dirname(first.file.name)) return true;
  const services = new Tree(file.node).at('services').entries();
  return services.every(([, service]) => !['image', 'build', 'extends'].some((key) => service.has(key)));
}

/** Compose calls a project after the folder of its file. */
function folderOf(path: string): string {
  return path.split('/').at(-2) ?? 'default';
}
