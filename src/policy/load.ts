import { dirname, isAbsolute, join, normalize } from 'node:path/posix';
import { type Diagnostic, sortDiagnostics } from '../diagnostic/index.ts';
import { SourceFile, type Span, spanPosition } from '../source/index.ts';
import { type PolicyRecord, policy as policyShape } from './language.ts';
import type {
  BaselineSwitch,
  CatalogOverride,
  FlowDeclaration,
  GatewayDeclaration,
  Located,
  NameEnforcement,
  PolicyFile,
  ServiceDeclaration,
  TestDeclaration,
  ZoneDeclaration,
} from './policy-file.ts';
import { POLICY_PROBLEMS } from './problems.ts';
import { Reporter } from './reporter.ts';
import { readYaml } from './yaml.ts';

/** The words that mean the same in every policy. */
export const BUILT_IN_ZONES = ['host', 'loopback', 'private', 'internet', 'any'] as const;
export type BuiltInZone = (typeof BUILT_IN_ZONES)[number];

export interface LoadedPolicy {
  /** `undefined` where the file has no mapping to begin with. With errors it is there, but not `complete`. */
  readonly policy: PolicyFile | undefined;
  readonly diagnostics: Diagnostic[]; // sorted
}

/** Why a file has no text, for people: no capital, no full stop. */
export interface ReadProblem {
  readonly reason: string;
}

/** Gives a file's text; the paths it is asked for are relative to the same place as the policy's own. */
export type ReadFile = (path: string) => string | ReadProblem;

const MAX_INCLUDE_DEPTH = 16;
const MAX_FILES = 256;
const MAX_TOTAL_CHARACTERS = 32 * 1024 * 1024;

/** Reads the policy at `path` with all that it includes. Does no I/O of its own. */
export function loadPolicy(path: string, read: ReadFile): LoadedPolicy {
  const loader = new Loader(read);
  const text = read(path);
  if (typeof text === 'string') loader.load(new SourceFile(path, text), path, []);
  else loader.report.say(POLICY_PROBLEMS.unreadable, undefined, path, text.reason);
  return loader.finish();
}

/** As `loadPolicy`, of text that is already there; its includes are relative to the file's name. */
export function loadPolicyText(file: SourceFile, read: ReadFile): LoadedPolicy {
  const loader = new Loader(read);
  loader.load(file, file.name, []);
  return loader.finish();
}

class Loader {
  readonly report = new Reporter();
  readonly #read: ReadFile;
  readonly #loaded = new Set<string>();
  readonly #files: SourceFile[] = [];
  readonly #zones: ZoneDeclaration[] = [];
  readonly #services: ServiceDeclaration[] = [];
  readonly #flows: FlowDeclaration[] = [];
  readonly #tests: TestDeclaration[] = [];
  readonly #baseline: BaselineSwitch[] = [];
  readonly #catalog: CatalogOverride[] = [];
  readonly #unreadable = new Set<string>();
  #name: string | undefined;
  #enforce: NameEnforcement | undefined;
  #gateway: GatewayDeclaration | undefined;
  #characters = 0;
  #usable = false;

  constructor(read: ReadFile) {
    this.#read = read;
  }

  /** @param chain the files that led here, outermost first. */
  load(file: SourceFile, path: string, chain: readonly string[]): void {
    this.#loaded.add(normalize(path));
    this.#files.push(file);
    this.#characters += file.text.length;
    const node = readYaml(file, this.report);
    const read = node === undefined ? undefined : policyShape.read(node, this.report);
    if (read === undefined) return;
    const { value, span } = read;
    if (chain.length === 0) {
      this.#usable = true;
      this.#name = value.name?.value;
      this.#enforce = value.enforce?.value;
      const hasVersion = node?.kind === 'map' && node.entries.has('portcullis');
      if (!hasVersion)
        this.report.say(
          POLICY_PROBLEMS.missingKey,
          start(span),
          'portcullis',
          'a policy',
          'the version of the policy language, which is 1',
        );
    }
    this.#declare(value);
    for (const include of value.include ?? []) this.#include(include, path, [...chain, normalize(path)]);
  }

  #declare(value: PolicyRecord): void {
    for (const { key, span, value: zone } of value.zones ?? []) {
      if (isReserved(key)) this.report.say(POLICY_PROBLEMS.reservedName, span, key);
      else if (zone === undefined) this.#unreadable.add(key);
      else this.#zones.push({ name: key, span, ...zone });
    }
    for (const { key, span, value: services } of value.services ?? []) {
      if (key === 'any') this.report.say(POLICY_PROBLEMS.reservedName, span, key);
      else if (services === undefined) this.#unreadable.add(key);
      else this.#services.push({ name: key, span, services });
    }
    for (const { key, span, value: entry } of value.catalog ?? []) {
      if (entry === undefined) this.#unreadable.add(`catalog:${key}`);
      else this.#catalog.push({ name: key, span, ...entry });
    }
    for (const { key, span, value: on } of value.baseline ?? []) {
      if (on !== undefined) this.#baseline.push({ piece: key, span, on });
    }
    if (value.gateway !== undefined) this.#declareGateway(value.gateway);
    for (const flow of value.flows ?? []) this.#flows.push(flow);
    for (const test of value.tests ?? []) this.#tests.push(test);
  }

  #declareGateway(gateway: GatewayDeclaration): void {
    const earlier = this.#gateway;
    this.#gateway ??= gateway;
    if (earlier === undefined) return;
    const { line } = spanPosition(earlier.span);
    const where = `${earlier.span.file.name}:${line}`;
    this.report.say(POLICY_PROBLEMS.duplicateDeclaration, gateway.span, 'section', 'gateway', where);
  }

  #include(include: Located<string>, from: string, chain: readonly string[]): void {
    const { value, span } = include;
    const path = isAbsolute(value) ? normalize(value) : join(dirname(from), value);
    if (chain.includes(path)) {
      this.report.say(POLICY_PROBLEMS.includeCycle, span, value, [...chain.slice(chain.indexOf(path)), path]);
      return;
    }
    if (this.#loaded.has(path)) return; // two files may need the same third one
    const limit = this.#limit(chain.length);
    if (limit !== undefined) {
      this.report.say(POLICY_PROBLEMS.includeLimit, span, limit);
      return;
    }
    const text = this.#read(path);
    if (typeof text === 'string') this.load(new SourceFile(path, text), path, chain);
    else this.report.say(POLICY_PROBLEMS.unreadable, span, path, text.reason);
  }

  #limit(depth: number): string | undefined {
    if (depth >= MAX_INCLUDE_DEPTH) return `more than ${MAX_INCLUDE_DEPTH} files deep`;
    if (this.#files.length >= MAX_FILES) return `more than ${MAX_FILES} files`;
    if (this.#characters > MAX_TOTAL_CHARACTERS) return `more than ${MAX_TOTAL_CHARACTERS >> 20} MiB in all`;
    return undefined;
  }

  finish(): LoadedPolicy {
    const zones = this.#unique('zone', this.#zones);
    const services = this.#unique('service', this.#services);
    const catalog = this.#unique('catalogue entry', this.#catalog);
    const pieces = this.#unique(
      'baseline piece',
      this.#baseline.map((each) => ({ ...each, name: each.piece })),
    );
    this.#unique(
      'flow',
      this.#flows.map((flow) => ({ name: flow.name.value, span: flow.name.span })),
    );
    const policy: PolicyFile = {
      name: this.#name,
      files: this.#files,
      enforce: this.#enforce,
      zones,
      services,
      flows: this.#flows,
      tests: this.#tests,
      baseline: pieces.map(({ piece, span, on }) => ({ piece, span, on })),
      catalog,
      gateway: this.#gateway,
      complete: this.report.count === 0,
      unreadable: this.#unreadable,
    };
    return { policy: this.#usable ? policy : undefined, diagnostics: sortDiagnostics(this.report.diagnostics()) };
  }

  #unique<T extends { readonly name: string; readonly span: Span }>(what: string, declarations: readonly T[]): T[] {
    const first = new Map<string, T>();
    for (const declaration of declarations) {
      const earlier = first.get(declaration.name);
      if (earlier === undefined) {
        first.set(declaration.name, declaration);
      } else {
        const { line } = spanPosition(earlier.span);
        const where = `${earlier.span.file.name}:${line}`;
        this.report.say(POLICY_PROBLEMS.duplicateDeclaration, declaration.span, what, declaration.name, where);
      }
    }
    return [...first.values()];
  }
}

function isReserved(name: string): boolean {
  return name === 'catalog' || BUILT_IN_ZONES.some((builtIn) => builtIn === name);
}

function start(span: Span): Span {
  return { ...span, end: span.start + 1 };
}
