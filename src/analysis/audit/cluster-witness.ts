import { type Connection, type End, evaluate, formatEnd } from '../../cluster/index.ts';
import type { Workload } from '../../kubernetes/index.ts';
import { type Address, addressRange, formatAddress } from '../../net/index.ts';
import { placesOf } from './cluster-place.ts';
import type { ClusterView } from './cluster-view.ts';
import type { ConnectionWitness, Particulars } from './finding.ts';

const RULES_AT_MOST = 4;

export function workloadEnd(workload: Workload): End {
  return { kind: 'workload', workload };
}

export function addressEnd(address: Address): End {
  return { kind: 'addresses', range: addressRange(address) };
}

/** Asks the connection again, by the plain reading of the policies, and names the rules that decide. */
export function shown(
  view: ClusterView,
  from: End,
  to: End,
  connection: Connection,
): Required<Pick<Particulars, 'connection' | 'origins'>> {
  const { certainly, steps } = evaluate(view.around(from, to), { from, to, connection });
  const verdict = certainly ? 'accept' : 'drop';
  const deciding = steps.filter((step) => (certainly ? step.verdict === 'allow' : step.verdict === 'deny'));
  const spans = deciding.flatMap(({ rule, policy }) => rule?.span ?? policy?.span ?? []);
  return {
    connection: { text: connectionText(from, to, connection), verdict },
    origins: placesOf(...new Set(spans)).slice(0, RULES_AT_MOST),
  };
}

/** `tcp shop/web[Deployment] -> [2001:db8::9]:443`. */
function connectionText(from: End, to: End, { protocol, port }: Connection): ConnectionWitness['text'] {
  const hasPorts = protocol === 'TCP' || protocol === 'UDP' || protocol === 'SCTP';
  const words = [protocol === 'other' ? `${port}` : protocol.toLowerCase()];
  if (!hasPorts && protocol !== 'other') words.push(`${port}`);
  return [...words, endText(from, false), '->', hasPorts ? `${endText(to, true)}:${port}` : endText(to, false)].join(
    ' ',
  );
}

function endText(end: End, portFollows: boolean): string {
  if (end.kind !== 'addresses' || end.range.first !== end.range.last) return formatEnd(end);
  const text = formatAddress({ family: end.range.family, value: end.range.first });
  return end.range.family === 6 && portFollows ? `[${text}]` : text;
}
