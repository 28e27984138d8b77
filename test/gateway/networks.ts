import { must } from './commands.ts';
import { HOST, OUTER } from './outer.ts';

const HERE = `link set lo up
link add out type veth peer name in netns outer
addr add ${HOST.way4}/24 dev out
addr add ${HOST.way6}/64 dev out nodad
link set out up
route add default via ${OUTER.way4}
route add default via ${OUTER.way6}
`;
const THERE = `link set lo up
addr add ${OUTER.way4}/24 dev in
addr add ${OUTER.way6}/64 dev in nodad
link set in up
${OUTER.addresses.map((address) => `route add local ${address} dev lo`).join('\n')}
`;

/** Lays the way from this machine, whose network namespace must be this process's own, to a world outside: the namespace `outer`. */
export async function leadOutside(): Promise<void> {
  await must('ip', ['netns', 'add', 'outer']);
  await must('ip', ['-batch', '-'], HERE);
  await must('ip', ['-n', 'outer', '-batch', '-'], THERE);
}
