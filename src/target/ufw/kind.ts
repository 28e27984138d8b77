import type { Family } from '../../net/index.ts';
import type { SourceFile } from '../../source/index.ts';
import { isProfiles } from './profiles.ts';
import { ADDED_HEADER, isCommands } from './run-commands.ts';
import { isStatus } from './status.ts';

/** What a file of ufw is, seen from its content. */
export type Kind =
  | { readonly kind: 'user' | 'before' | 'after'; readonly family: Family }
  | { readonly kind: 'defaults' | 'conf' | 'status' | 'added' | 'commands' | 'profiles' | 'program' };

export function kindOf({ name, text }: SourceFile): Kind | undefined {
  if (isStatus(text)) return { kind: 'status' };
  if (ADDED_HEADER.test(text)) return { kind: 'added' };
  const chains = frameworkKind(text);
  if (chains !== undefined) return chains;
  if (/^DEFAULT_(?:INPUT|OUTPUT|FORWARD)_POLICY=/m.test(text)) return { kind: 'defaults' };
  if (/^(?:ENABLED=(?:yes|no|YES|NO)|LOGLEVEL=[a-z]+)\s*$/m.test(text)) return { kind: 'conf' };
  if (/(?:^|\/)(?:before|after)\.init$/.test(name)) return { kind: 'program' };
  if (isProfiles(text)) return { kind: 'profiles' };
  return isCommands(text) ? { kind: 'commands' } : undefined;
}

/**
 * A file that ufw loads declares the chains that it fills, and leaves the built-in ones to ufw; what `iptables-save` prints of the same
 * machine has those, too.
 */
function frameworkKind(text: string): Kind | undefined {
  if (!/^\*filter\s*$/m.test(text) || /^(?:\[\d+:\d+\] )?-A INPUT -j ufw6?-before-logging-input$/m.test(text))
    return undefined;
  const found = ['user', 'before', 'after'].flatMap((kind) => {
    const chain = new RegExp(`^:ufw(6?)-${kind}-(?:input|output|forward)\\b`, 'm').exec(text);
    return chain === null ? [] : [{ kind, family: chain[1] === '6' ? 6 : 4 } as const];
  });
  // People who forward for containers declare `ufw-user-forward` in `after.rules`, too.
  const own = found.find(({ kind }) => kind !== 'user') ?? found[0];
  switch (own?.kind) {
    case 'user':
    case 'before':
    case 'after':
      return { kind: own.kind, family: own.family };
    default:
      return undefined;
  }
}
