import type { Feature } from './features.ts';
import type { Needs } from './selectors.ts';

/** What a set learns, and how it is declared. */
interface Learnt {
  readonly key: string;
  readonly set: string; // its name
  readonly type: string;
  readonly needs: Needs;
  readonly first: string; // an element that is there from the start
}

const LEARNT: readonly Learnt[] = [
  { key: 'ip saddr', set: 'seen4', type: 'ipv4_addr', needs: { family: 4 }, first: '10.0.0.1' },
  { key: 'ip6 saddr', set: 'seen6', type: 'ipv6_addr', needs: { family: 6 }, first: '2001:db8::1' },
  { key: 'tcp dport', set: 'seen_ports', type: 'inet_service', needs: { transport: 'tcp' }, first: '22' },
  {
    key: 'ip saddr . udp sport',
    set: 'seen_pairs',
    type: 'ipv4_addr . inet_service',
    needs: { family: 4, transport: 'udp' },
    first: '10.0.0.1 . 53',
  },
];

const NEVER_OVER = 'limit rate over 1000000/second burst 1000000 packets';
const NEVER_BITES = 'limit rate 1000000/second burst 1000000 packets';

/** Sets that rules fill while packets pass, and rules that ask for them. What such a set holds nobody can know. */
export const LEARNING: readonly Feature[] = LEARNT.flatMap(({ key, set, type, needs, first }) => {
  const lasting = `type ${type}; size 65535; flags dynamic; elements = { ${first} };`;
  const fading = `type ${type}; size 65535; flags dynamic,timeout; timeout 1h;`;
  const limited = `type ${type}; size 65535; flags dynamic;`;
  const feature = (name: string, kind: 'match' | 'statement', write: Feature['write']): Feature => ({
    name: `${name}: ${key}`,
    group: kind === 'match' ? 'learnt' : 'learn',
    kind,
    needs,
    write,
  });
  return [
    feature('learn, add', 'statement', (_, { share }) => `add @${share(set, lasting)} { ${key} }`),
    feature(
      'learn, update',
      'statement',
      (_, { share }) => `update @${share(`${set}_now`, fading)} { ${key} timeout 30m }`,
    ),
    feature('learn, delete', 'statement', (_, { share }) => `delete @${share(set, lasting)} { ${key} }`),
    feature(
      'learn, over a limit',
      'statement',
      (_, { share }) => `update @${share(`${set}_rate`, limited)} { ${key} ${NEVER_OVER} }`,
    ),
    feature(
      'learn, within a limit',
      'statement',
      (_, { share }) => `add @${share(`${set}_rate`, limited)} { ${key} ${NEVER_BITES} }`,
    ),
    feature('meter', 'statement', () => `meter m_${set} { ${key} ${NEVER_BITES} }`),
    feature(
      'learnt',
      'match',
      (random, { share }) => `${key} ${random.chance(0.3) ? '!= ' : ''}@${share(set, lasting)}`,
    ),
    feature(
      'learnt, fading',
      'match',
      (random, { share }) => `${key} ${random.chance(0.3) ? '!= ' : ''}@${share(`${set}_now`, fading)}`,
    ),
  ];
});
