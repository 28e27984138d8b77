import { unitWord } from '../unit-word.ts';

/** What a unit of the gateway is written from; all paths absolute. */
export interface UnitParts {
  readonly node: string; // the program that runs ours
  readonly main: string; // our own entry
  readonly policy: string;
}

/**
 * What the gateway gives to its own account. Not by `LogsDirectory=` and the like: those give every file in them back to root, whom the unit
 * starts, whenever it starts again (systemd.exec(5)), and then the account cannot write any more.
 */
const FOLDERS = ['/run', '/var/log', '/var/lib'].map((folder) => `${folder}/portcullis-gateway`);

/**
 * A unit as systemd.service(5) has it. The gateway begins as root, to see that the kernel enforces the policy, and becomes its own
 * account; what it may do until then is what is listed, and that is too little to signal another account's process, hence the `+`. It is
 * restarted whatever it died of: without it agents reach nothing.
 */
export function gatewayUnit({ node, main, policy }: UnitParts): string {
  return `# Written by \`portcullis gateway unit\`.
[Unit]
Description=Egress gateway of Portcullis
Wants=network-online.target
After=network-online.target portcullis.service

[Service]
Type=exec
ExecStartPre=+/bin/mkdir -m 0750 -p ${FOLDERS.join(' ')}
ExecStart=${[node, main, 'gateway', 'run', policy].map(unitWord).join(' ')}
ExecReload=+/bin/kill -HUP $MAINPID
Restart=always
RestartSec=1
CapabilityBoundingSet=CAP_NET_ADMIN CAP_SETUID CAP_SETGID CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_SYS_PTRACE
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=-/run/portcullis -/var/lib/portcullis ${FOLDERS.map((folder) => `-${folder}`).join(' ')}
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
LockPersonality=yes
LimitNOFILE=65536
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
`;
}
