import type { Family } from '../../net/index.ts';
import type { SourceFile } from '../../source/index.ts';
import type { Table } from '../iptables/ast.ts';
import type { FamilyFiles } from './load.ts';
import type { UfwRule } from './rule.ts';
import type { Settings } from './settings.ts';
import type { Origins } from './user-rules.ts';

/** Everything that ufw has of one machine, and what it therefore loads. */
export interface Setup {
  readonly settings: Settings;
  readonly rules: readonly UfwRule[]; // in ufw's order, IPv4 first
  readonly files: Readonly<Record<Family, FamilyFiles>>; // as they are loaded
  readonly origins: readonly Origins[]; // where the rules of some of these files come from
  readonly tables: readonly Table[]; // of iptables, after all is loaded; none where ufw is not enabled
}

/** The files of one family that the user gave. */
export type GivenFiles = { readonly [Kind in keyof FamilyFiles]?: SourceFile };
