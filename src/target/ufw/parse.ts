import { type Diagnostic, diagnose, hasErrors } from '../../diagnostic/index.ts';
import type { Family } from '../../net/index.ts';
import { SourceFile } from '../../source/index.ts';
import type { Parsed } from '../target.ts';
import { type Claim, disagreements } from './agree.ts';
import { kindOf } from './kind.ts';
import { loadTables } from './load.ts';
import { UFW_PROBLEMS } from './problems.ts';
import { Profiles } from './profiles.ts';
import type { UfwRule } from './rule.ts';
import { runCommands } from './run-commands.ts';
import { readAssignments, readSettings, STOCK_SETTINGS } from './settings.ts';
import type { GivenFiles, Setup } from './setup.ts';
import { readStatus } from './status.ts';
import { stockFramework } from './stock.ts';
import { type Origins, readUserRules, userRulesFile } from './user-rules.ts';

/** Whatever there is of one machine's ufw: its files, its listings, the commands that somebody gave it. */
export function parseFiles(files: readonly SourceFile[]): Parsed<Setup> {
  return new SetupReader(files).read();
}

class SetupReader {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #profiles = new Profiles();
  readonly #given: Record<Family, GivenFiles> = { 4: {}, 6: {} };
  readonly #settings: SourceFile[] = [];
  readonly #lists: Record<'status' | 'added' | 'commands', SourceFile[]> = { status: [], added: [], commands: [] };
  readonly #told = new Set<string>(); // settings that the files of ufw tell

  constructor(files: readonly SourceFile[]) {
    for (const file of files) this.#sort(file);
    if (files.length === 0) this.#say(diagnose(UFW_PROBLEMS.unknownFile, undefined, 'nothing'));
  }

  read(): Parsed<Setup> {
    if (hasErrors(this.#diagnostics)) return this.#failed();
    const claims = this.#claims();
    const [first] = claims;
    for (const each of disagreements(claims)) this.#say(each);
    if (first === undefined || hasErrors(this.#diagnostics)) return this.#failed();
    const settings = { ...STOCK_SETTINGS, ...Object.assign({}, ...claims.map((claim) => claim.settings).reverse()) };
    this.#assume(claims);
    if (!settings.isEnabled) this.#say(diagnose(UFW_PROBLEMS.notEnabled, undefined));
    for (const each of this.#profiles.notes()) this.#say(each);
    const rules = claims.find((claim) => claim.rules !== undefined)?.rules ?? [];
    const origins: Origins[] = [...(first.origins ?? [])];
    const family = (of: Family) => {
      const given = this.#given[of];
      const own = rules.filter((rule) => rule.family === of);
      const printed =
        given.user === undefined ? userRulesFile(own, of, settings.policies, settings.logLevel) : undefined;
      if (printed !== undefined) origins.push(printed);
      return {
        before: given.before ?? stockFile('before', of),
        after: given.after ?? stockFile('after', of),
        user: given.user ?? printed!.file,
      };
    };
    const loadedFiles = { 4: family(4), 6: family(6) };
    const loaded = loadTables(settings, loadedFiles);
    for (const each of loaded.diagnostics) this.#say(each);
    if (hasErrors(this.#diagnostics)) return this.#failed();
    return {
      ast: { settings, rules, files: loadedFiles, origins, tables: loaded.tables },
      diagnostics: this.#diagnostics,
    };
  }

  #say(diagnostic: Diagnostic): void {
    this.#diagnostics.push(diagnostic);
  }

  #failed(): Parsed<Setup> {
    return { ast: undefined, diagnostics: this.#diagnostics };
  }

  #sort(file: SourceFile): void {
    const found = kindOf(file);
    const whole = { file, start: 0, end: 0 };
    switch (found?.kind) {
      case 'user':
      case 'before':
      case 'after':
        if (this.#given[found.family][found.kind] !== undefined)
          this.#say(
            diagnose(UFW_PROBLEMS.givenTwice, whole, `\`${found.kind}${found.family === 6 ? '6' : ''}.rules\``),
          );
        this.#given[found.family] = { ...this.#given[found.family], [found.kind]: file };
        break;
      case 'defaults':
      case 'conf':
        this.#settings.push(file);
        break;
      case 'status':
      case 'added':
      case 'commands':
        if (found.kind !== 'commands' && this.#lists[found.kind].length > 0)
          this.#say(diagnose(UFW_PROBLEMS.givenTwice, whole, `the output of \`ufw ${found.kind}\``));
        this.#lists[found.kind].push(file);
        break;
      case 'profiles':
        for (const each of this.#profiles.read(file)) this.#say(each);
        break;
      case 'program':
        this.#say(diagnose(UFW_PROBLEMS.program, whole, file.name));
        break;
      case undefined:
        this.#say(diagnose(UFW_PROBLEMS.unknownFile, whole, file.name));
    }
  }

  /** What each source says, the one that counts most first. */
  #claims(): Claim[] {
    return [this.#ofFiles(), this.#ofStatus(), this.#ofCommands(), this.#ofAdded()].flatMap((claim) => claim ?? []);
  }

  #ofFiles(): Claim | undefined {
    const { values, diagnostics } = readAssignments(this.#settings);
    const read = readSettings(values, STOCK_SETTINGS);
    for (const each of [...diagnostics, ...read.diagnostics]) this.#say(each);
    for (const name of values.keys()) this.#told.add(name);
    const isToldOf = (name: string): boolean => values.has(name);
    const { isEnabled, isIpv6, policies, logLevel } = read.settings;
    const settings = {
      ...(isToldOf('ENABLED') ? { isEnabled } : {}),
      ...(isToldOf('IPV6') ? { isIpv6 } : {}),
      ...(isToldOf('DEFAULT_INPUT_POLICY') ? { policies } : {}),
      ...(isToldOf('LOGLEVEL') ? { logLevel } : {}),
    };
    const users = ([4, 6] as const).flatMap((family) => {
      const { user } = this.#given[family];
      return user === undefined ? [] : [readUserRules(user, family)];
    });
    for (const user of users) for (const each of user.diagnostics) this.#say(each);
    const frameworks = ([4, 6] as const).some((family) => Object.keys(this.#given[family]).length > 0);
    if (users.length === 0 && !frameworks && this.#settings.length === 0) return undefined;
    return {
      name: 'the files of ufw',
      settings,
      ...(users.length === 0 ? {} : { rules: users.flatMap((user): readonly UfwRule[] => user.rules) }),
      origins: users.map((user) => user.origins),
    };
  }

  #ofStatus(): Claim | undefined {
    const [file] = this.#lists.status;
    if (file === undefined) return undefined;
    const { isActive, policies, logLevel, rules, diagnostics } = readStatus(file, this.#profiles.find);
    for (const each of diagnostics) this.#say(each);
    return {
      name: '`ufw status`',
      showsProfilesOnce: true,
      settings: {
        isEnabled: isActive,
        ...(policies === undefined ? {} : { policies }),
        ...(logLevel === undefined ? {} : { logLevel }),
      },
      ...(isActive ? { rules } : {}), // of an inactive ufw it shows none
    };
  }

  #ofCommands(): Claim | undefined {
    if (this.#lists.commands.length === 0) return undefined;
    const { settings, rules, diagnostics } = runCommands(this.#lists.commands, this.#profiles);
    for (const each of diagnostics) this.#say(each);
    const { isEnabled, policies, logLevel } = settings;
    return { name: 'the commands', settings: { isEnabled, policies, logLevel }, rules: rules.all() };
  }

  #ofAdded(): Claim | undefined {
    const { added } = this.#lists;
    if (added.length === 0) return undefined;
    const { rules, diagnostics } = runCommands(added, this.#profiles);
    for (const each of diagnostics) this.#say(each);
    return { name: '`ufw show added`', settings: {}, rules: rules.all(), isOfEitherFamily: true };
  }

  /** Says aloud what nothing given tells. */
  #assume(claims: readonly Claim[]): void {
    const assume = (what: string, assumption: string): void =>
      this.#say(diagnose(UFW_PROBLEMS.assumed, undefined, what, assumption));
    const missing = (['before', 'after'] as const).filter((kind) =>
      ([4, 6] as const).some((family) => this.#given[family][kind] === undefined),
    );
    if (missing.length > 0) {
      const names = missing.map((kind) => `\`${kind}.rules\` and \`${kind}6.rules\``).join(', ');
      assume(`${names} are not given`, 'taken as a fresh ufw has them, which lets ping, DHCP, mDNS and SSDP in');
    }
    if (claims.every((claim) => claim.settings.policies === undefined))
      assume('the default policies are not given', 'taken for deny incoming, allow outgoing, deny routed');
    if (claims.every((claim) => claim.settings.isEnabled === undefined))
      assume('nothing tells whether ufw is enabled', 'taken for enabled');
    if (claims.every((claim) => claim.rules === undefined)) assume('no rules are given', 'taken for none');
    const isUserHalf = (this.#given[4].user === undefined) !== (this.#given[6].user === undefined);
    if (isUserHalf)
      assume('`user.rules` and `user6.rules` are not both given', 'the other family is taken to have no rules');
    if (
      claims.every((claim) => claim.rules === undefined || claim.isOfEitherFamily === true) &&
      this.#lists.added.length > 0
    )
      this.#say(diagnose(UFW_PROBLEMS.familiesUnknown, undefined));
    if (claims.length > 0 && claims.every((claim) => claim.name === 'the commands'))
      assume('the commands are given alone', 'read as on a fresh ufw, which has no rules and is not enabled');
  }
}

function stockFile(kind: 'before' | 'after', family: Family): SourceFile {
  return new SourceFile(`<${kind}${family === 6 ? '6' : ''}.rules of a fresh ufw>`, stockFramework(kind, family));
}
