import type { Flow } from '../ir/index.ts';
import { type Family, PROTOCOLS } from '../net/index.ts';
import type { Payload } from './probe-corners.ts';
import type { End } from './probe-ends.ts';
import type { ProbeStage } from './probe-stage.ts';

/**
 * One packet from end to end, at each hook of the host that it meets: at output what leaves it, at input what reaches it,
 * at forward what it routes, at both output and input what stays on it. `undefined` on a stage with too few interfaces.
 */
export function flowsOf(
  sender: End,
  receiver: End,
  payload: Payload & { readonly sport?: number },
  family: Family,
  stage: ProbeStage,
  within: ReadonlySet<string>,
): [Flow, ...Flow[]] | undefined {
  const base = {
    family,
    ...payload,
    ...(payload.protocol === PROTOCOLS.tcp ? { tcpFlags: 2 } : {}), // SYN (RFC 9293 3.1)
    state: 'new' as const,
    symbols: new Set([...within, ...(receiver.at === 'remote' ? (receiver.symbols ?? []) : [])]),
  };
  const [first, second] = stage.interfaces;
  if (first === undefined || second === undefined) return undefined;
  if (sender.at === 'local' && receiver.at === 'local') {
    const own = { src: first.host[family], dst: first.host[family], srcType: 'local', dstType: 'local' } as const;
    return [
      {
        ...base,
        ...own,
        hook: 'output',
        outInterface: 'lo',
        ...account('srcAccount', sender.account),
        ...account('dstAccount', receiver.account),
      },
      { ...base, ...own, hook: 'input', inInterface: 'lo', ...account('dstAccount', receiver.account) },
    ];
  }
  if (sender.at === 'local' && receiver.at === 'remote') {
    const out = stage.interfaces.find(({ name }) => name === receiver.interface) ?? first;
    return [
      {
        ...base,
        hook: 'output',
        src: out.host[family],
        srcType: 'local',
        dst: receiver.address,
        dstType: 'unicast',
        ...(receiver.name === undefined ? {} : { dstName: receiver.name }),
        outInterface: out.name,
        ...account('srcAccount', sender.account),
      },
    ];
  }
  if (sender.at === 'remote' && receiver.at === 'local') {
    const into = stage.interfaces.find(({ name }) => name === sender.interface) ?? first;
    return [
      {
        ...base,
        hook: 'input',
        src: sender.address,
        srcType: 'unicast',
        dst: into.host[family],
        dstType: 'local',
        inInterface: into.name,
        ...account('dstAccount', receiver.account),
      },
    ];
  }
  if (sender.at === 'remote' && receiver.at === 'remote') {
    const into =
      stage.interfaces.find(({ name }) => name === sender.interface) ??
      (receiver.interface === first.name ? second : first);
    const out = stage.interfaces.find(({ name }) => name === receiver.interface) ?? (into === second ? first : second);
    return [
      {
        ...base,
        hook: 'forward',
        src: sender.address,
        srcType: 'unicast',
        dst: receiver.address,
        dstType: 'unicast',
        ...(receiver.name === undefined ? {} : { dstName: receiver.name }),
        inInterface: into.name,
        outInterface: out.name,
      },
    ];
  }
  return undefined;
}

function account(
  key: 'srcAccount' | 'dstAccount',
  uid: number | undefined,
): { srcAccount?: number; dstAccount?: number } {
  return uid === undefined ? {} : { [key]: uid };
}
