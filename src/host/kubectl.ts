import { type Completed, run } from './process.ts';

const TIMEOUT_MS = 120_000; // one page of a big cluster over a slow line
const MAX_OUTPUT_BYTES = 512 * 2 ** 20;

/**
 * One GET of the API server's, by the `kubectl` program, as the user who runs us: which cluster, and how one says who one is, is its affair. Nothing
 * is ever changed (`get --raw` reads), and no credential comes to us. @throws MachineError where there is no such program, or it hangs
 */
export async function askApiServer(
  path: string,
  options: { readonly context?: string; readonly kubeconfig?: string } = {},
): Promise<Completed> {
  const { context, kubeconfig } = options;
  const which = context === undefined ? [] : [`--context=${context}`];
  return run('kubectl', ['get', `--raw=${path}`, '--request-timeout=90s', ...which], {
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: MAX_OUTPUT_BYTES,
    ...(kubeconfig === undefined ? {} : { env: { KUBECONFIG: kubeconfig } }),
  });
}
