import { close, open } from 'node:fs';

const EVERY_MS = 250;

/**
 * Tells once when no descriptor is left, and again when it comes back after there were some. What happens then is told by nobody else: with one that it keeps
 * for that, libuv takes connections and closes them without a word (uv__emfile_trick, src/unix/stream.c).
 * @returns what ends it
 */
export function watchDescriptors(trouble: (sentence: string) => void): () => void {
  let isShort = false;
  const timer = setInterval(() => {
    open('/dev/null', (error, descriptor) => {
      if (error === null) close(descriptor);
      const was = isShort;
      isShort = error?.code === 'EMFILE' || error?.code === 'ENFILE';
      if (isShort && !was) trouble(`no descriptor is left, connections are refused (${error?.code})`);
    });
  }, EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
