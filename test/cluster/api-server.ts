import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** Objects by the path of their list: `/apis/apps/v1/deployments`. */
export type Lists = Readonly<Record<string, readonly object[]>>;

export interface StandIn {
  readonly kubeconfig: string; // a file
  readonly asked: readonly string[]; // method and path, in order
  readonly close: () => Promise<void>;
}

export const TOKEN = 'hunter2-token-of-the-stand-in';
const PAGE = 2; // objects, whatever limit is asked for

/**
 * An API server that only lists, over TLS with a certificate of its own, to whoever has the token: discovery, pages, and 403 for what is
 * forbidden. @param folder where the certificate and the kubeconfig go
 */
export async function standIn(folder: string, lists: Lists, forbidden: readonly string[] = []): Promise<StandIn> {
  const asked: string[] = [];
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=stand-in', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  );
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    const url = new URL(request.url ?? '/', 'https://127.0.0.1');
    asked.push(`${request.method} ${url.pathname}`);
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.headers.authorization !== `Bearer ${TOKEN}`) answer(401, failure(401, 'Unauthorized'));
    else if (forbidden.includes(url.pathname)) answer(403, failure(403, 'Forbidden'));
    else {
      const document = documentAt(url, lists, forbidden);
      answer(document === undefined ? 404 : 200, document ?? failure(404, 'NotFound'));
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigFor(server, readFileSync(cert)));
  return {
    kubeconfig,
    asked,
    close: () => new Promise((closed) => server.close(() => closed())),
  };
}

function kubeconfigFor(server: Server, cert: Buffer): string {
  const { port } = server.address() as AddressInfo;
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [
      {
        name: 'c',
        cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': cert.toString('base64') },
      },
    ],
    users: [
      { name: 'u', user: { token: TOKEN } },
      { name: 'stranger', user: { token: 'wrong' } },
    ],
    contexts: [
      { name: 'here', context: { cluster: 'c', user: 'u' } },
      { name: 'as-stranger', context: { cluster: 'c', user: 'stranger' } },
    ],
  });
}

function documentAt({ pathname, searchParams }: URL, lists: Lists, forbidden: readonly string[]): object | undefined {
  const paths = [...Object.keys(lists), ...forbidden];
  if (pathname === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(paths) };
  const under = paths.filter((path) => path.startsWith(`${pathname}/`)).map((path) => path.slice(pathname.length + 1));
  if (under.length > 0 && under.every((name) => !name.includes('/')))
    return { kind: 'APIResourceList', groupVersion: 'x', resources: under.map((name) => ({ name, verbs: ['list'] })) };
  const objects = lists[pathname];
  if (objects === undefined) return undefined;
  const from = Number(searchParams.get('continue') ?? 0);
  const rest = objects.length - from - PAGE;
  return {
    kind: `${kindOf(objects[0])}List`,
    apiVersion: pathname.split('/').slice(2, -1).join('/'),
    metadata: rest > 0 ? { continue: `${from + PAGE}`, remainingItemCount: rest } : {},
    items: objects.slice(from, from + PAGE).map((each) => ({ ...each, kind: undefined, apiVersion: undefined })),
  };
}

function kindOf(object: object | undefined): string {
  return object !== undefined && 'kind' in object ? String(object.kind) : '';
}

function groupsOf(paths: readonly string[]): object[] {
  const named = paths.filter((path) => path.startsWith('/apis/')).map((path) => path.split('/').slice(2, 4));
  return [...Map.groupBy(named, ([group]) => group)].map(([name, all]) => ({
    name,
    versions: [...new Set(all.map(([, version]) => version))].map((version) => ({
      version,
      groupVersion: `${name}/${version}`,
    })),
  }));
}

function failure(code: number, reason: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message: `${reason} by the stand-in` };
}

/** A folder with the program under its own name, for a PATH. */
export function folderWith(folder: string, program: string, path: string): string {
  symlinkSync(path, join(folder, program));
  return folder;
}
