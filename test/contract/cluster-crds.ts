import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parseAllDocuments } from 'yaml';
import { findProgram } from '../../src/host/index.ts';

/** Definitions of kinds, as their makers publish them: in a Go module, which is small, and whose content the module proxy vouches for. */
export interface Published {
  readonly module: string; // with its version
  readonly files: readonly string[];
}

export const POLICY_API_V1ALPHA1: Published = {
  module: 'sigs.k8s.io/network-policy-api@v0.1.7',
  files: [
    'config/crd/experimental/policy.networking.k8s.io_adminnetworkpolicies.yaml',
    'config/crd/experimental/policy.networking.k8s.io_baselineadminnetworkpolicies.yaml',
  ],
};
export const POLICY_API_V1ALPHA2: Published = {
  module: 'sigs.k8s.io/network-policy-api@v0.2.0',
  files: ['config/crd/experimental/policy.networking.k8s.io_clusternetworkpolicies.yaml'],
};
export const ISTIO: Published = {
  module: 'istio.io/api@v1.27.0',
  files: ['kubernetes/customresourcedefinitions.gen.yaml'],
};

/** What an object of a kind must be like, by `apiVersion kind`. */
type Schemas = ReadonlyMap<string, object>;

const known = new Map<Published, Schemas | string>();

/** Says whether an object is as its kind is defined; or why that is not known here. */
export function validatorOf(published: Published, of: string): ValidateFunction | string {
  const schemas = known.get(published) ?? schemasOf(published);
  known.set(published, schemas);
  if (typeof schemas === 'string') return schemas;
  const schema = schemas.get(of);
  if (schema === undefined) throw new RangeError(`${of} is not defined there: ${[...schemas.keys()].join(', ')}`);
  return ajv.compile(atRoot(schema));
}

function schemasOf({ module, files }: Published): Schemas | string {
  const go = findProgram('go') ?? (existsSync('/usr/local/go/bin/go') ? '/usr/local/go/bin/go' : undefined);
  if (go === undefined) return `Go is not here, by which the definitions of ${module} are fetched`;
  try {
    const env = { ...process.env, GOFLAGS: '-mod=mod', GO111MODULE: 'on' };
    const told = execFileSync(go, ['mod', 'download', '-json', module], {
      env,
      encoding: 'utf8',
      timeout: 60_000,
      cwd: '/',
    });
    const { Dir: folder }: { readonly Dir: string } = JSON.parse(told);
    return new Map(files.flatMap((file) => definitions(readFileSync(join(folder, file), 'utf8'))));
  } catch (error) {
    return `${module} cannot be fetched: ${String(error).split('\n')[0]}`;
  }
}

interface Definition {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: object } }[];
  };
}

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });

function definitions(text: string): [string, object][] {
  return parseAllDocuments(text).flatMap((document) => {
    const content: Definition | null = document.toJS();
    if (content?.kind !== 'CustomResourceDefinition') return [];
    const { group, names, versions } = content.spec;
    return versions.map(({ name, schema }): [string, object] => [
      `${group}/${name} ${names.kind}`,
      schema.openAPIV3Schema,
    ]);
  });
}

/** Of the object itself, `apiVersion`, `kind` and `metadata` are everybody's. */
function atRoot(schema: object): object {
  const properties = 'properties' in schema && typeof schema.properties === 'object' ? schema.properties : {};
  return { ...schema, properties: closed(properties) };
}

/** Fields that a definition does not name are dropped by the API server without a word: here they are faults. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isObject = 'properties' in schema && 'type' in schema && schema.type === 'object';
  const isOpen = 'x-kubernetes-preserve-unknown-fields' in schema || 'additionalProperties' in schema;
  return isObject && !isOpen && Object.keys(schema.properties as object).length > 0
    ? { ...inner, additionalProperties: false }
    : inner;
}
