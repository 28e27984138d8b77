import { SourceFile } from '../../../src/source/index.ts';
import type { Artifact } from '../../../src/target/index.ts';
import { Place } from '../../enforcer/place.ts';

const RULES = ['user', 'user6', 'before', 'before6', 'after', 'after6'] as const;
const ETC = RULES.map((name) => `/etc/ufw/${name}.rules`);

/** The files that say what a machine's ufw does. */
const UFW_FILES: readonly string[] = [...ETC, '/etc/ufw/ufw.conf', '/etc/default/ufw'];

/** Copies of its files as they were installed. */
const FRESH = '/run/fresh-ufw';

/** The real ufw in a network of its own, with an /etc of its own: as freshly installed, whatever this machine has. */
export class RealUfw {
  readonly place: Place;

  private constructor(place: Place) {
    this.place = place;
  }

  static async open(): Promise<RealUfw> {
    const place = await Place.open('root');
    const folder = '/run/etc-of-ufw';
    await place.checked('mkdir', ['-p', `${folder}/upper`, `${folder}/work`, '/var/lib/ufw']);
    const layers = `lowerdir=/etc,upperdir=${folder}/upper,workdir=${folder}/work`;
    await place.checked('mount', ['-t', 'overlay', 'overlay', '-o', layers, '/etc']);
    const ufw = new RealUfw(place);
    await place.checked('cp', [...RULES.map((name) => `/usr/share/ufw/iptables/${name}.rules`), '/etc/ufw/']);
    const edit = (path: string, ...edits: readonly string[]) =>
      place.checked('sed', ['-i', '-E', ...edits.flatMap((each) => ['-e', each]), path]);
    await edit(
      '/etc/default/ufw',
      's/^DEFAULT_(INPUT|FORWARD)_POLICY=.*/DEFAULT_\\1_POLICY="DROP"/',
      's/^DEFAULT_OUTPUT_POLICY=.*/DEFAULT_OUTPUT_POLICY="ACCEPT"/',
      's/^IPV6=.*/IPV6=yes/',
    );
    await edit('/etc/ufw/ufw.conf', 's/^ENABLED=.*/ENABLED=no/', 's/^LOGLEVEL=.*/LOGLEVEL=low/');
    await place.checked('sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']); // else `status` does not tell the policy
    // `user6.rules` as it is installed has no rules in its chains for limits, and ufw 0.36.2 puts none there while it is enabled: the first
    // `limit` for IPv6 then lets nothing through until a reload. Any change before that writes the file whole.
    await ufw.run('logging', 'low');
    await place.checked('mkdir', ['-p', FRESH]);
    await place.checked('cp', ['-a', ...UFW_FILES, FRESH]);
    return ufw;
  }

  /** As after the installation of the package: without rules, not enabled, nothing loaded. */
  async fresh(): Promise<void> {
    for (const path of UFW_FILES) await this.place.checked('cp', ['-a', `${FRESH}/${path.split('/').at(-1)}`, path]);
    await this.place.checked('nft', ['flush', 'ruleset']);
  }

  /** What it says, and its exit status; it asks nobody. */
  async run(...words: readonly string[]): Promise<{ readonly exitCode: number; readonly said: string }> {
    const { exitCode, stdout, stderr } = await this.place.run('env', ['LC_ALL=C', 'ufw', ...words]);
    return { exitCode, said: stdout + stderr };
  }

  async files(): Promise<SourceFile[]> {
    const text = await this.place.checked('tail', ['-v', '-n', '+1', ...UFW_FILES]);
    const parts = text.split(/^==> (.*) <==\n/m).slice(1);
    return UFW_FILES.map((name) => new SourceFile(name, parts[parts.indexOf(name) + 1] ?? ''));
  }

  /** Puts files below a folder. */
  async write(folder: string, files: readonly Artifact[]): Promise<void> {
    for (const { name, text } of files) {
      const path = `${folder}/${name}`;
      await this.place.checked('mkdir', ['-p', path.slice(0, path.lastIndexOf('/'))]);
      await this.place.checked('tee', [path], text);
    }
  }

  /** The application profiles of the machine that the tests run on. */
  async profiles(): Promise<SourceFile[]> {
    const text = await this.place.checked('sh', ['-c', 'cat /etc/ufw/applications.d/*']);
    return [new SourceFile('/etc/ufw/applications.d', text)];
  }

  /** What the kernel has, as iptables saves it. */
  async loaded(): Promise<SourceFile[]> {
    return [
      new SourceFile('rules.v4', await this.place.checked('iptables-save', [])),
      new SourceFile('rules.v6', await this.place.checked('ip6tables-save', [])),
    ];
  }

  async output(...words: readonly string[]): Promise<SourceFile> {
    return new SourceFile(`ufw ${words.join(' ')}`, (await this.run(...words)).said);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.place[Symbol.asyncDispose]();
  }
}
