import type { Link } from '../../src/host/index.ts';

/** A host with two wires, as `stageFor` would choose them. */
export const LINKS: readonly [Link, Link] = [
  {
    name: 'eth0',
    index: 0,
    host: { 4: '198.18.0.1', 6: '2001:2::1' },
    outer: { 4: '198.18.0.2', 6: '2001:2::2' },
  },
  {
    name: 'lab0',
    index: 1,
    host: { 4: '198.18.0.3', 6: '2001:2::3' },
    outer: { 4: '198.18.0.4', 6: '2001:2::4' },
  },
];
