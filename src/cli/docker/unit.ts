import type { UnitParts } from '../gateway/unit.ts';
import { unitWord } from '../unit-word.ts';

/**
 * A unit as systemd.service(5) has it. It is there before Docker starts a container, behind the rules that are loaded at boot, whose sets it empties: addresses
 * of before the boot are nobody's. Without it containers that are told by name or label reach nothing.
 */
export function watchUnit({ node, main, policy }: UnitParts): string {
  return `# Written by \`portcullis docker unit\`.
[Unit]
Description=Who is in which zone of Portcullis, as containers come and go
After=portcullis.service
Before=docker.service

[Service]
Type=exec
ExecStart=${[node, main, 'docker', 'watch', policy].map(unitWord).join(' ')}
Restart=always
RestartSec=1
CapabilityBoundingSet=CAP_NET_ADMIN CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK
LockPersonality=yes
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
`;
}
