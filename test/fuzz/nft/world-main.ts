import type { Load, Reply } from './protocol.ts';

// The process in the private namespace: it loads one ruleset after the other, and each finds the kernel empty.

process.on('disconnect', () => process.exit(0));
try {
  // Loaded late: where there is no library, that is an answer too.
  const { loaded } = await import('./library.ts');
  process.on('message', (load: Load) => reply({ kind: 'done', result: loaded(load) })); // sent by `NftWorld`
  reply({ kind: 'ready' });
} catch (error) {
  reply({ kind: 'failed', problem: error instanceof Error ? error.message : String(error) });
}

function reply(line: Reply): void {
  process.send?.(line);
}
