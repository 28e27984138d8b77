import type { HostFacts, ListeningService } from './host-facts.ts';
import type { Opening } from './openings.ts';

/** Those who wait on ports of an opening. */
export function listenersOn(
  facts: HostFacts | undefined,
  { protocol, ports }: Pick<Opening, 'protocol' | 'ports'>,
): ListeningService[] {
  return (facts?.listeners ?? []).filter(
    (each) => each.protocol === protocol && ports.first <= each.port && each.port <= ports.last,
  );
}

/** `: sshd listens there`; nothing where nobody looked. */
export function listeningText(facts: HostFacts | undefined, opening: Pick<Opening, 'protocol' | 'ports'>): string {
  const programs = [...new Set(listenersOn(facts, opening).map(({ program }) => program ?? 'a program'))];
  if (programs.length === 0) return '';
  const shown = programs.slice(0, 3).join(', ');
  return `: ${shown}${programs.length > 3 ? ` and ${programs.length - 3} more listen` : programs.length > 1 ? ' listen' : ' listens'} there`;
}
