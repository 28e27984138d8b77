import type { Readable } from 'node:stream';

/** Calls `onLine` for every whole line of a stream, parsed. Lines come from our own processes: a broken one is a fault and throws. */
export function readJsonLines(stream: Readable, onLine: (value: unknown) => void): void {
  let pending: string[] = [];
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const parts = chunk.split('\n');
    for (const [index, part] of parts.entries()) {
      if (index === parts.length - 1) pending.push(part);
      else {
        const line = [...pending, part].join('');
        pending = [];
        onLine(JSON.parse(line));
      }
    }
  });
}
