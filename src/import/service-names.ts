import type { Service } from '../ir/index.ts';
import { formatPortRange, ICMP_TYPES, PORT_PROTOCOLS, PROTOCOLS, protocolName } from '../net/index.ts';

/** The services of a flow by the catalogue's names, where just one name means them; the others as they are. */
export function serviceNamer(
  services: ReadonlyMap<string, readonly Service[]>,
): (texts: readonly string[]) => readonly string[] {
  const names = new Map<string, string | undefined>();
  for (const [name, list] of services) {
    const key = keyOf(textsOf(list));
    names.set(key, names.has(key) ? undefined : name); // ambiguous: `tcp/8080` is many programs'
  }
  return (texts) => {
    const whole = names.get(keyOf(texts));
    return whole === undefined ? texts.map((text) => names.get(keyOf([text])) ?? text) : [whole];
  };
}

function keyOf(texts: readonly string[]): string {
  return texts.toSorted().join(' ');
}

/** As `serviceTexts` writes them. */
function textsOf(services: readonly Service[]): string[] {
  return [
    ...new Set(
      services.map(({ protocol, ports, icmp }) => {
        if (icmp !== undefined) {
          const isEcho = icmp.type === (protocol === PROTOCOLS.icmp ? ICMP_TYPES['echo-request'] : 128);
          return isEcho ? 'icmp/echo-request' : `${protocolName(protocol)}/${icmp.type}`;
        }
        if (ports !== undefined) return `${protocolName(protocol)}/${formatPortRange(ports)}`;
        return PORT_PROTOCOLS.includes(protocol) ? `${protocolName(protocol)}/any` : protocolName(protocol);
      }),
    ),
  ];
}
