#!/usr/bin/env node
import { writeSync } from 'node:fs';
import pico from 'picocolors';
import { type Console, EXIT, type TextOutput, wantsColour } from './console.ts';
import { run } from './program.ts';

const USUAL_WIDTH = 100; // columns

function output(stream: NodeJS.WriteStream & { readonly fd: number }): TextOutput {
  const isTerminal = stream.isTTY === true;
  // A reader that has seen enough (`portcullis why ... | head`) closes the pipe: that is no error of ours.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(console.exitCode);
    throw error;
  });
  return {
    write: (text) => {
      const rest = isTerminal ? writeAtOnce(stream.fd, text) : text;
      if (rest.length > 0) stream.write(rest);
    },
    writeBytes: (utf8) => {
      stream.write(utf8);
      return stream.writableLength === 0;
    },
    isTerminal,
    width: isTerminal && stream.columns > 0 ? stream.columns : USUAL_WIDTH, // 0: a terminal that was never told its size
    colors: pico.createColors(wantsColour(process.env, isTerminal)),
  };
}

/**
 * Writes to a terminal by calls of the system alone, each of which is done or not. Ctrl-C ends long work wherever it is (`longWork`), even within
 * a stream's `write`: such a stream waits for ever for the end of what it was writing, and with it whatever comes next, the last line too.
 * @returns what the terminal did not take, if anything
 */
function writeAtOnce(fd: number, text: string): Uint8Array {
  let rest: Uint8Array = Buffer.from(text);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
  } catch {
    // The terminal is slow, or gone: the stream meets the same, and waits or tells it as it does for all others.
  }
  return rest;
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const console: Console = {
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  readStdin,
  env: process.env,
  cwd: process.cwd(),
  today: new Date().toISOString().slice(0, 10),
  exitCode: EXIT.holds,
};

await run(process.argv.slice(2), console);
process.exitCode = console.exitCode;
