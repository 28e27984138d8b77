import type { Isolation } from '../../src/host/index.ts';
import { firstTexts, OLD_PORT, persisted } from './iptables-texts.ts';
import { Place } from './place.ts';

export const BACKENDS = ['nft', 'legacy'] as const;
export type Backend = (typeof BACKENDS)[number];

/** Where root looks first: what `iptables` stands for on a machine is a matter of links (Debian's alternatives). */
const LINKS = `mount -t tmpfs tmpfs /usr/local/sbin
for family in ip ip6; do
  for program in tables tables-save tables-restore; do
    ln -s "$(readlink -f "$(command -v xtables-$1-multi)")" /usr/local/sbin/"$family$program"
  done
done`;

/** A machine whose `iptables` is of one of the two kinds. */
export async function openPlace(isolation: Isolation, backend: Backend): Promise<Place> {
  const place = await Place.open(isolation);
  await place.checked('sh', ['-ec', LINKS, 'sh', backend]);
  await place.checked('mkdir', ['-p', '/run/systemd/system']);
  return place;
}

/** The same, with the old policy confirmed. */
export async function openConfirmed(isolation: Isolation, backend: Backend): Promise<Place> {
  const place = await openPlace(isolation, backend);
  const { reply } = await place.begin({ texts: firstTexts(OLD_PORT), persist: persisted(OLD_PORT) });
  if (reply?.ok !== true || reply.answer.outcome !== 'permanent') {
    await place[Symbol.asyncDispose]();
    throw new Error(`no beginning: ${JSON.stringify(reply)}`);
  }
  return place;
}
