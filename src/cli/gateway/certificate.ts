import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Tls } from '../../gateway/index.ts';
import type { GatewaySettings } from '../../ir/index.ts';

/** What cannot be used, and why. */
export interface UnusableCertificate {
  readonly path: string;
  readonly why: string;
}

/** The certificate and the key that a policy names, as whoever runs this can read them; `undefined` where it names none. */
export function certificateOf({ certificate: files }: GatewaySettings): Tls | UnusableCertificate | undefined {
  if (files === undefined) return undefined;
  const read: Buffer[] = [];
  for (const path of [files.certificate, files.key]) {
    try {
      if (!statSync(path).isFile()) return { path, why: 'it is no file' }; // a pipe would be waited for
      read.push(readFileSync(path));
    } catch (error) {
      return { path, why: messageOf(error) };
    }
  }
  const [cert, key] = read;
  if (cert === undefined || key === undefined) throw new Error('two files were read');
  if (/ENCRYPTED/.test(key.toString('latin1')))
    return { path: files.key, why: 'the key is encrypted, and there is nobody to ask for its passphrase' };
  try {
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (error) {
    return { path: files.certificate, why: `it and ${files.key} cannot be used together: ${messageOf(error)}` };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
