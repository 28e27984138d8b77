import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECH } from '../../src/gateway/proxy/hello-maker.ts';
import { type Account, runAs } from './agent.ts';
import type { Done } from './commands.ts';

/** Debian's Chromium without a window: `apt-get install chromium-headless-shell`. */
export const BROWSER = 'chromium-headless-shell';

const QUIET = ['--disable-gpu', '--disable-background-networking', '--no-first-run', '--ignore-certificate-errors'];

/** What somebody sees who opens a page: its text, or the browser's own name of what went wrong. */
export async function browse(account: Account, url: string, ...options: readonly string[]): Promise<string> {
  const { out, err } = await start(account, url, options);
  return (
    /<pre[^>]*>([^<]*)/.exec(out)?.[1]?.trim() ??
    /ERR_[A-Z_]+/.exec(`${out}${err}`)?.[0] ??
    `nothing: ${err.slice(-200)}`
  );
}

/** Whether the browser's hello has what stands in place of an encrypted name (RFC 9849 6.2): a newer one may not send it any more. */
export async function greases(account: Account): Promise<boolean> {
  const hello = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (data) => {
      hello.resolve(data);
      socket.destroy();
    });
  });
  const port = await new Promise<number>((listening) =>
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address();
      listening(typeof bound === 'object' && bound !== null ? bound.port : 0);
    }),
  );
  try {
    await start(account, `https://localhost:${port}/`, []);
    return extensionsOf(await Promise.race([hello.promise, Buffer.alloc(0)])).includes(ECH);
  } finally {
    server.close();
  }
}

async function start(account: Account, url: string, options: readonly string[]): Promise<Done> {
  const home = mkdtempSync(join(tmpdir(), 'browser-'));
  try {
    const own = [`--user-data-dir=${home}`, '--no-sandbox', ...QUIET, ...options];
    return await runAs(account, 'timeout', '--kill-after=2', '20', BROWSER, ...own, '--dump-dom', url);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** The numbers of a ClientHello's extensions, as far as its first segment has them (RFC 8446 4.1.2). */
function extensionsOf(record: Buffer): readonly number[] {
  const found: number[] = [];
  try {
    const sessionEnd = 43 + 1 + record.readUInt8(43);
    const suitesEnd = sessionEnd + 2 + record.readUInt16BE(sessionEnd);
    const start = suitesEnd + 1 + record.readUInt8(suitesEnd) + 2;
    for (let at = start; at + 4 <= record.length; at += 4 + record.readUInt16BE(at + 2))
      found.push(record.readUInt16BE(at));
  } catch {
    // It is cut, or none: what was found is all there is.
  }
  return found;
}
