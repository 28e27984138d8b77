import { type Diagnostic, diagnose } from '../../diagnostic/index.ts';
import type { ComposeService } from '../../docker/index.ts';
import { DOCKER_RENDER_PROBLEMS } from './problems.ts';
import type { YamlEntry } from './yaml-text.ts';

/** With these a container can be another one to the rules: it takes addresses, or sends packets with those of others (capabilities(7)). */
const SPOOFING = ['NET_ADMIN', 'NET_RAW'] as const;

/** What a service does without from now on, but for what it asks for. */
export function withoutPowers(
  { container: { powers }, securityOptions, mounts }: ComposeService,
  harden: boolean,
): YamlEntry[] {
  const keepsAll = powers.added.includes('ALL');
  const dropped = powers.dropped.includes('ALL')
    ? []
    : harden
      ? ['ALL']
      : SPOOFING.filter((each) => !keepsAll && !powers.added.includes(each) && !powers.dropped.includes(each));
  const entries: YamlEntry[] =
    dropped.length === 0
      ? []
      : [
          {
            key: 'cap_drop',
            value: { list: dropped },
            comment: harden ? [] : ['a container is told by its address: with these it could take or send another'],
          },
        ];
  if (!harden) return entries;
  if (!securityOptions.some((option) => option.startsWith('no-new-privileges')))
    entries.push({ key: 'security_opt', value: { list: ['no-new-privileges:true'] } });
  if (!powers.readOnly) entries.push({ key: 'read_only', value: true });
  if (!mounts.includes('/tmp')) entries.push({ key: 'tmpfs', value: { list: ['/tmp'] } });
  return entries;
}

/** What a service asks for stays, and is told. */
export function keptPowers({ key, container }: ComposeService): Diagnostic[] {
  const { powers, span } = container;
  const kept = [
    ...(powers.privileged ? ['every capability (`privileged`)'] : []),
    ...powers.added.filter((each) => each === 'ALL' || SPOOFING.some((power) => power === each)),
  ];
  return kept.length === 0 ? [] : [diagnose(DOCKER_RENDER_PROBLEMS.keepsPower, span, key, kept)];
}
