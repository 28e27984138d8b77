import type { Paths } from './paths.ts';

/** Full paths of what runs at boot. */
export interface Programs {
  readonly nft: string;
  readonly sha256sum: string;
}

/**
 * What runs at boot, in order. The lock-down comes first and is not checked: where it is damaged, the rules may still be whole
 * (hence its failure ends nothing). The rules are loaded only as they were confirmed, and take the lock-down away themselves.
 */
function steps(
  { state }: Paths,
  { nft, sha256sum }: Programs,
): Readonly<Record<'lockdown' | 'check' | 'load', string>> {
  return {
    lockdown: `${nft} -f ${state}/current/lockdown.nft`,
    check: `${sha256sum} -c ${state}/current/SHA256SUMS`,
    load: `${nft} -f ${state}/current/ruleset.nft`,
  };
}

/**
 * A unit as systemd.service(5) has it. There is no ExecStop: stopping it opens nothing. `nftables.service` is waited for,
 * because its file usually begins with `flush ruleset`.
 */
export function unitText(paths: Paths, programs: Programs): string {
  const { lockdown, check, load } = steps(paths, programs);
  return `# Written by Portcullis with the first change that was confirmed; removed by \`portcullis rollback 0\`.
[Unit]
Description=Network policy of Portcullis, as it was confirmed last
DefaultDependencies=no
RequiresMountsFor=${paths.state}
After=nftables.service
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=-${lockdown}
ExecStart=${check}
ExecStart=${load}

[Install]
WantedBy=sysinit.target
`;
}

/** An init script as the Linux Standard Base has it (and insserv(8) reads it). */
export function initScript(paths: Paths, programs: Programs): string {
  const { lockdown, check, load } = steps(paths, programs);
  return `#!/bin/sh
### BEGIN INIT INFO
# Provides:          portcullis
# Required-Start:    mountkernfs $local_fs
# Required-Stop:
# X-Start-Before:    $network
# Default-Start:     S
# Default-Stop:
# Short-Description: network policy of Portcullis, as it was confirmed last
### END INIT INFO
# Written by Portcullis with the first change that was confirmed; removed by \`portcullis rollback 0\`.
case "$1" in
start | restart | reload | force-reload)
	${lockdown}
	${check} && exec ${load}
	exit 1
	;;
stop) ;; # what is in force stays in force
status) exec ${programs.nft} list table inet portcullis ;;
*)
	echo "usage: $0 start|stop|restart|status" >&2
	exit 2
	;;
esac
`;
}
