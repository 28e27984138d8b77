/**
 * Loaded before the enforcer (`node --import`): counts its steps, and lets something happen at one of them. A step is each call
 * that changes a file, each start of a program and each end of one. What happens comes in `AT_STEP`, as JSON; the names of all
 * steps are written to `STEPS_FILE`. The product itself has no such hook.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

type Happening =
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals; readonly group: boolean }
  | { readonly kind: 'error'; readonly code: string; readonly onwards: boolean } // for file steps
  | { readonly kind: 'tool'; readonly how: 'fails' | 'dies before' | 'dies after' }; // for starts of programs

const at: { readonly step: number; readonly happening: Happening } | undefined =
  process.env.AT_STEP === undefined ? undefined : JSON.parse(process.env.AT_STEP);
const stepsFile = process.env.STEPS_FILE;
const record = fs.openSync;
const write = fs.writeSync;
const log = stepsFile === undefined ? undefined : record(stepsFile, 'w');
let count = 0;

/** @returns whether it happens here */
function step(name: string, onwards = false): boolean {
  count++;
  if (log !== undefined) write(log, `${name}\n`);
  if (at === undefined || (onwards ? count < at.step : count !== at.step)) return false;
  if (at.happening.kind === 'signal') process.kill(at.happening.group ? 0 : process.pid, at.happening.signal);
  return true;
}

function fileStep(name: string): void {
  const { happening } = at ?? {};
  const onwards = happening?.kind === 'error' && happening.onwards;
  if (step(name, onwards) && happening?.kind === 'error') {
    // A full disk still lets go of what it has.
    const passes = happening.code === 'ENOSPC' && /^(?:rm|rename|fsync)/.test(name);
    if (!passes) throw Object.assign(new Error(`${happening.code}: planted, ${name}`), { code: happening.code });
  }
}

const shown = (what: unknown): string => (typeof what === 'string' ? basename(what) : '');

const { openSync, writeFileSync, fsyncSync, renameSync, mkdirSync, symlinkSync, rmSync, chmodSync } = fs;
fs.openSync = (path, flags, mode) => {
  if (typeof flags === 'number' && (flags & (fs.constants.O_WRONLY | fs.constants.O_CREAT)) !== 0) {
    fileStep(`open ${shown(path)}`);
  }
  return openSync(path, flags, mode);
};
fs.writeFileSync = (file, data, options) => {
  fileStep('write');
  writeFileSync(file, data, options);
};
fs.fsyncSync = (file) => {
  fileStep('fsync');
  fsyncSync(file);
};
fs.renameSync = (from, to) => {
  fileStep(`rename ${shown(to)}`);
  renameSync(from, to);
};
fs.symlinkSync = (target, path, type) => {
  fileStep(`symlink ${shown(path)}`);
  symlinkSync(target, path, type);
};
fs.rmSync = (path, options) => {
  if (fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined) fileStep(`rm ${shown(path)}`);
  rmSync(path, options);
};
fs.chmodSync = (path, mode) => {
  fileStep(`chmod ${shown(path)}`);
  chmodSync(path, mode);
};
fs.mkdirSync = new Proxy(mkdirSync, {
  apply(target, self, args) {
    fileStep(`mkdir ${shown(args[0])}`);
    return Reflect.apply(target, self, args);
  },
});

const SHELL: Readonly<Record<'fails' | 'dies before' | 'dies after', string>> = {
  fails: 'exit 1',
  'dies before': 'kill -9 $$',
  'dies after': '"$@"; kill -9 $$',
};

childProcess.spawn = new Proxy(childProcess.spawn, {
  apply(target, self, [program, args, options]: [string, readonly string[], object]) {
    const name = [basename(program), ...args.filter((arg) => !arg.includes('/')).slice(0, 5)].join(' ');
    const happens = step(`start ${name}`);
    const happening = happens && at?.happening.kind === 'tool' ? at.happening : undefined;
    const child = Reflect.apply(
      target,
      self,
      happening === undefined
        ? [program, args, options]
        : ['/bin/sh', ['-c', SHELL[happening.how], 'sh', program, ...args], options],
    );
    if (!Object.hasOwn(options, 'stdio') || !JSON.stringify(options).includes('"ignore","ignore"')) {
      child.prependListener('exit', () => step(`end ${name}`));
    }
    return child;
  },
});
syncBuiltinESMExports();
