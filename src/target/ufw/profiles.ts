import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { SourceFile } from '../../source/index.ts';
import { linesOf } from '../iptables/line.ts';
import { UFW_PROBLEMS } from './problems.ts';
import { isSeveral } from './rule.ts';

/** Ports under a name. */
export interface Profile {
  readonly name: string;
  readonly ports: readonly string[]; // each `80,443/tcp`, `5353/udp` or `5298`
}

export type Lookup = (name: string) => Profile | undefined;

/** Profiles that packages of Debian and Ubuntu bring, and people name most: what they are taken for where no file tells. */
const USUAL: ReadonlyMap<string, readonly string[]> = new Map([
  ['OpenSSH', ['22/tcp']],
  ['SSH', ['22/tcp']],
  ['DNS', ['53']],
  ['WWW', ['80/tcp']],
  ['WWW Secure', ['443/tcp']],
  ['WWW Full', ['80,443/tcp']],
  ['WWW Cache', ['8080/tcp']],
  ['Apache', ['80/tcp']],
  ['Apache Secure', ['443/tcp']],
  ['Apache Full', ['80,443/tcp']],
  ['Nginx HTTP', ['80/tcp']],
  ['Nginx HTTPS', ['443/tcp']],
  ['Nginx Full', ['80,443/tcp']],
  ['Nginx QUIC', ['443/udp']],
  ['Postfix', ['25/tcp']],
  ['Samba', ['137,138/udp', '139,445/tcp']],
]);

/** `[OpenSSH]` with `ports=22/tcp` (ufw(8), APPLICATION INTEGRATION). */
export function isProfiles(text: string): boolean {
  return /^\[[^\]]+\]\s*$/m.test(text) && /^ports\s*=/m.test(text);
}

/** What names stand for; what had to be assumed is noted down. */
export class Profiles {
  readonly #known = new Map<string, readonly string[]>();
  readonly #asked = new Map<string, readonly string[] | undefined>();

  read(file: SourceFile): readonly Diagnostic[] {
    const diagnostics: Diagnostic[] = [];
    let name: string | undefined;
    for (const { start, end } of linesOf(file)) {
      const line = file.text.slice(start, end).trim();
      const section = /^\[(.+)\]$/.exec(line);
      if (section !== null) name = section[1]!;
      const ports = /^ports\s*[=:]\s*(.+)$/.exec(line)?.[1]?.split('|');
      if (name === undefined || ports === undefined) continue;
      if (ports.every(isPortsOfProfile)) this.#known.set(name, ports);
      else diagnostics.push(diagnose(UFW_PROBLEMS.profile, { file, start, end }, name));
    }
    return diagnostics;
  }

  /** ufw finds a profile whatever the case of its letters. */
  readonly find: Lookup = (name) => {
    const same = this.#told(name);
    if (same !== undefined) return { name: same[0], ports: same[1] };
    const usual = USUAL.get(name);
    this.#asked.set(name, usual);
    return usual === undefined ? undefined : { name, ports: usual };
  };

  /** A profile that is not among those that the files tell: ufw refuses its name. @returns the first */
  missing(names: readonly (string | undefined)[]): string | undefined {
    if (this.#known.size === 0) return undefined;
    return names.find((name) => name !== undefined && this.#told(name) === undefined);
  }

  #told(name: string): [string, readonly string[]] | undefined {
    return [...this.#known].find(([known]) => known.toLowerCase() === name.toLowerCase());
  }

  /** What was asked and no file has told. */
  notes(): Diagnostic[] {
    return [...this.#asked].map(([name, usual]) =>
      usual === undefined
        ? diagnose(UFW_PROBLEMS.unknownProfile, undefined, name)
        : diagnose(UFW_PROBLEMS.profileAssumed, undefined, name, usual.join('|')),
    );
  }
}

function isPortsOfProfile(entry: string): boolean {
  const [numbers = '', protocol, ...more] = entry.split('/');
  if (more.length > 0 || !/^\d/.test(numbers)) return false;
  return protocol === 'tcp' || protocol === 'udp' || (protocol === undefined && !isSeveral(numbers));
}
