import { createHash } from 'node:crypto';

/**
 * What a mirror has under an address, or why it cannot be had now.
 * @throws Error where it is not what it was: nobody may pass over that as over a mirror that is away
 */
export async function fetched(
  url: string,
  sha256: string,
  patienceMs: number,
): Promise<{ readonly bytes: Uint8Array } | { readonly problem: string }> {
  let bytes: Uint8Array;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(patienceMs) });
    if (!response.ok) return { problem: `${url}: the mirror says ${response.status}` };
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    return { problem: `${url}: ${error instanceof Error ? error.message : String(error)}` };
  }
  const sum = createHash('sha256').update(bytes).digest('hex');
  if (sum !== sha256) throw new Error(`${url} is not what it was: its SHA-256 is ${sum}`);
  return { bytes };
}
