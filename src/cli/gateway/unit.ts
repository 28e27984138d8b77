/** What a unit of the gateway is written from; all paths absolute. */
export interface UnitParts {
  readonly node: string; // the program that runs ours
  readonly main: string; // our own entry
  readonly policy: string;
}

/**
 * A unit as systemd.service(5) has it. The gateway begins as root, to see that the kernel enforces the policy, and becomes its own
 * account; what it may do until then is what is listed. It is restarted whatever it died of: without it agents reach nothing.
 */
export function gatewayUnit({ node, main, policy }: UnitParts): string {
  return `# Written by \`portcullis gateway unit\`.
[Unit]
Description=Egress gateway of Portcullis
Wants=network-online.target
After=network-online.target portcullis.service

[Service]
Type=exec
ExecStart=${[node, main, 'gateway', 'run', policy].map(word).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=1
RuntimeDirectory=portcullis-gateway
LogsDirectory=portcullis-gateway
StateDirectory=portcullis-gateway
CapabilityBoundingSet=CAP_NET_ADMIN CAP_SETUID CAP_SETGID CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_SYS_PTRACE
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=-/run/portcullis -/var/lib/portcullis
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

/** A word of a command line (systemd.service(5)): quoted, with the characters escaped that systemd would expand. */
function word(text: string): string {
  const escaped = text.replace(/[\\"]/g, '\\$&').replace(/%/g, '%%').replace(/\$/g, '$$$$');
  return /[\s"'\\;]/.test(text) ? `"${escaped}"` : escaped;
}
