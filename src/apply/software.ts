import type { Table } from '../ir/index.ts';

/**
 * Programs that write rules of their own, by the names that they give to tables and chains. A name proves nothing, so it is told as who
 * probably wrote it, and decides nothing.
 */
const SOFTWARE: readonly { readonly name: string; readonly table?: RegExp; readonly chain?: RegExp }[] = [
  { name: 'Docker', chain: /^DOCKER(?:-|$)/, table: /^(?:ip|ip6) docker-bridges$/ },
  { name: 'UFW', chain: /^ufw6?-/ },
  { name: 'firewalld', table: /^(?:inet|ip|ip6) firewalld$/, chain: /^(?:FWD[IO]_|IN_public|INPUT_ZONES)/ },
  { name: 'Tailscale', chain: /^ts-(?:input|forward|postrouting)$/, table: /tailscale/ },
  { name: 'kube-proxy', chain: /^KUBE-/, table: /^(?:ip|ip6) kube-proxy$/ },
  { name: 'Calico', chain: /^(?:cali-|filter-cali-|nat-cali-|raw-cali-|mangle-cali-)/, table: /^(?:ip|ip6) calico$/ },
  { name: 'Cilium', chain: /^(?:OLD_)?CILIUM_/ },
  { name: 'fail2ban', chain: /^f2b-/, table: /^(?:inet|ip|ip6) f2b-table$/ },
  { name: 'libvirt', chain: /^LIBVIRT_/, table: /^(?:ip|ip6) libvirt_network$/ },
  { name: 'Podman', chain: /^NETAVARK[-_]/, table: /^inet netavark$/ },
  { name: 'CNI', chain: /^CNI-/ },
  { name: 'LXD', chain: /^lxd?_/, table: /^inet (?:lxd|incus|lxc)$/ },
  { name: 'CrowdSec', table: /^(?:ip|ip6) crowdsec6?$/, chain: /^CROWDSEC_CHAIN$/ },
  { name: 'SSHGuard', table: /^(?:ip|ip6) sshguard$/, chain: /^sshguard$/ },
];

/** Who probably wrote a table, as far as names tell; several may share one of iptables' own. */
export function softwareOf({ name, chains }: Table): string[] {
  return SOFTWARE.filter(
    ({ table, chain }) =>
      table?.test(name) === true || (chain !== undefined && chains.some((each) => chain.test(each.name))),
  ).map((each) => each.name);
}
