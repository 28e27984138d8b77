import { type ClusterPolicy, formatRef, type PolicyRule, type PortMatch } from '../../policy.ts';
import { CONTROLLER } from '../conditional.ts';
import type { Manifest } from '../manifest.ts';
import type { Part } from '../part.ts';
import { EVERY_TCP, readSelector } from './authorization.ts';
import { forMembers, type Mesh, ROOT_NAMESPACE } from './mesh.ts';
import { ISTIO_PROBLEMS } from './problems.ts';

type Mode = 'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT';
const MODES: readonly string[] = ['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'];

/**
 * PeerAuthentication. With STRICT, only who shows a certificate of the mesh gets in. The most special policy decides: one with a selector, then
 * the namespace’s, then the mesh’s; `UNSET` leaves it to the next. So they are one ordered stage, in which what is not refused is passed on.
 */
export function peerAuthentications(manifests: readonly Manifest[], mesh: Mesh): ClusterPolicy[] {
  const read = manifests.map((manifest) => ({ policy: readOne(manifest, mesh), rank: rankOf(manifest) }));
  return read.toSorted((a, b) => a.rank - b.rank).flatMap(({ policy }) => forMembers(mesh, policy));
}

function rankOf({ ref, body }: Manifest): number {
  if (body.at('spec', 'selector').exists) return 0;
  return ref.namespace === ROOT_NAMESPACE ? 2 : 1;
}

function readOne({ ref, body, span }: Manifest, mesh: Mesh): ClusterPolicy {
  const spec = body.at('spec');
  spec.only(['selector', 'mtls', 'portLevelMtls']);
  const namespace = ref.namespace ?? 'default';
  const subject = readSelector(spec, namespace);
  const levels = spec.at('portLevelMtls').entries();
  if (levels.length > 0 && !spec.at('selector').exists) {
    const at = spec.at('portLevelMtls');
    const why = `${formatRef(ref)} needs a \`selector\` for settings of single ports`;
    spec.report.say(ISTIO_PROBLEMS.ignored, at.span, at.path, why);
  }
  const rules = [
    ...(spec.at('selector').exists ? levels : []).flatMap(([port, level]) => {
      const number = /^[0-9]{1,5}$/.test(port) ? Number(port) : 0;
      if (number >= 1 && number <= 65_535) {
        return rulesOf(readMode(level), { kind: 'ports', protocol: 'TCP', first: number, last: number }, mesh, level);
      }
      const expected = 'a port from 1 to 65535';
      return level.report.say(ISTIO_PROBLEMS.badValue, level.span, level.path, port, expected) ?? [];
    }),
    ...rulesOf(readMode(spec.at('mtls')), EVERY_TCP, mesh, spec),
  ];
  return { ref, span, subject, ingress: { isolates: false, rules }, egress: undefined };
}

function readMode(part: Part): Mode {
  part.only(['mode']);
  const at = part.at('mode');
  const text = at.text() ?? 'UNSET';
  if (MODES.includes(text)) return text as Mode;
  return at.report.say(ISTIO_PROBLEMS.badValue, at.span, at.path, text, MODES.join(', ')) ?? 'UNSET';
}

function rulesOf(mode: Mode, ports: PortMatch, mesh: Mesh, { span }: Part): PolicyRule[] {
  const rule = (action: 'pass' | 'deny', peers: PolicyRule['peers'], condition?: string): PolicyRule => ({
    action,
    peers,
    ports: [ports],
    ...(condition === undefined ? {} : { condition }),
    span,
  });
  const everybody = [{ kind: 'everybody' }] as const;
  switch (mode) {
    case 'UNSET':
      return [];
    case 'DISABLE':
    case 'PERMISSIVE':
      return [rule('pass', everybody)];
    case 'STRICT': {
      const known = [...mesh.sidecars, ...mesh.ambient].map((workloads) => ({ kind: 'workloads', workloads }) as const);
      const unknown = mesh.unknown.map((workloads) => ({ kind: 'workloads', workloads }) as const);
      return [
        rule('pass', known),
        rule('pass', [...unknown, CONTROLLER], 'where it is in the mesh'),
        rule('deny', everybody),
      ];
    }
  }
}
