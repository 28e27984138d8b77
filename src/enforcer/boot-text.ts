import type { Paths } from './paths.ts';
import { LOCK_SECONDS } from './xtables.ts';

/** Full paths of what runs at boot. */
export interface Programs {
  readonly sha256sum: string;
  readonly loaders: NftLoader | IptablesLoaders;
}

export interface NftLoader {
  readonly mechanism: 'nftables';
  readonly nft: string;
}

export interface IptablesLoaders {
  readonly mechanism: 'iptables';
  readonly v4: string; // `iptables-restore`
  readonly v6: string;
}

interface Steps {
  readonly lockdown: readonly string[];
  readonly check: string;
  readonly load: readonly string[];
}

/**
 * What runs at boot, in order. The lock-down comes first and is not checked: where it is damaged, the rules may still be whole
 * (hence its failure ends nothing). The rules are loaded only as they were confirmed, and take the lock-down away themselves.
 */
function steps({ state }: Paths, { loaders, sha256sum }: Programs): Steps {
  const load = (name: string): readonly string[] =>
    loaders.mechanism === 'nftables'
      ? [`${loaders.nft} -f ${state}/current/${name}.nft`]
      : [
          `${loaders.v4} --noflush -w ${LOCK_SECONDS} ${state}/current/${name}.v4`,
          `${loaders.v6} --noflush -w ${LOCK_SECONDS} ${state}/current/${name}.v6`,
        ];
  return {
    lockdown: load('lockdown'),
    check: `${sha256sum} -c ${state}/current/SHA256SUMS`,
    load: load('ruleset'),
  };
}

/** Others that load rules at boot, and may begin with emptying what is there. */
const OTHERS = {
  nftables: 'nftables.service',
  iptables: 'nftables.service netfilter-persistent.service iptables.service ip6tables.service ufw.service',
} as const;

/**
 * A unit as systemd.service(5) has it. There is no ExecStop: stopping it opens nothing. `nftables.service` is waited for,
 * because its file usually begins with `flush ruleset`; those of iptables replace whole tables.
 */
export function unitText(paths: Paths, programs: Programs): string {
  const { lockdown, check, load } = steps(paths, programs);
  return `# Written by Portcullis with the first change that was confirmed; removed by \`portcullis rollback 0\`.
[Unit]
Description=Network policy of Portcullis, as it was confirmed last
DefaultDependencies=no
RequiresMountsFor=${paths.state}
After=${OTHERS[programs.loaders.mechanism]}
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
${lockdown.map((line) => `ExecStart=-${line}`).join('\n')}
ExecStart=${check}
${load.map((line) => `ExecStart=${line}`).join('\n')}

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
	${lockdown.join('\n\t')}
	${[check, ...load].join(' && ')} && exit 0
	exit 1
	;;
stop) ;; # what is in force stays in force
status) exec ${statusCommand(programs)} ;;
*)
	echo "usage: $0 start|stop|restart|status" >&2
	exit 2
	;;
esac
`;
}

function statusCommand({ loaders }: Programs): string {
  return loaders.mechanism === 'nftables'
    ? `${loaders.nft} list table inet portcullis`
    : `${loaders.v4.replace(/-restore$/, '')} -S PORTCULLIS-INPUT`;
}
