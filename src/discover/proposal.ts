import { CATALOG_RELEASE } from '../catalog/index.ts';
import { type Diagnostic, escapeControls, sortDiagnostics } from '../diagnostic/index.ts';
import { spanPosition } from '../source/index.ts';
import { agentFlows } from './agent-flows.ts';
import { writeContainers } from './containers.ts';
import { Draft, type ProposalInput } from './draft.ts';
import { writeFlow } from './flow-blocks.ts';
import { bridgesOf, machineFlows, otherListeners } from './machine-flows.ts';
import { flowName } from './names.ts';
import { writeTests } from './policy-tests.ts';
import { DISCOVERY_PROBLEMS } from './problems.ts';
import { formatHost } from './server.ts';
import { scalar, YamlWriter } from './yaml-writer.ts';

/** A policy as text, and what to say about it: everything that could not be derived, is risky or needs a decision. */
export interface Proposal {
  readonly text: string;
  readonly flows: readonly ProposedFlow[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface ProposedFlow {
  readonly name: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly service: readonly string[];
  readonly purpose: string;
  readonly offered: boolean; // written as a comment only
}

/** A policy with what OpenClaw and this machine need and nothing else. The same input gives the same text. */
export function proposePolicy(input: ProposalInput): Proposal {
  const { discovery, machine } = input;
  const draft = new Draft(input);
  machineFlows(draft);
  if (discovery !== undefined) agentFlows(draft, discovery);
  otherListeners(draft, new Set(discovery?.listeners.map(({ port }) => port)));
  const bridges = bridgesOf(machine.interfaces);
  if (bridges.length > 0) draft.say(DISCOVERY_PROBLEMS.dockerHere, bridges.join(', '));
  if (machine.inContainer) draft.say(DISCOVERY_PROBLEMS.inContainer);
  if (machine.firewalls.length > 0) draft.say(DISCOVERY_PROBLEMS.foreignFirewall, machine.firewalls.join(', '));

  const writer = new YamlWriter();
  writeHead(writer, draft);
  writeZones(writer, draft);
  writeFlows(writer, draft);
  if (bridges.length > 0) {
    writer
      .gap()
      .comment(
        `Containers or virtual machines run here (${bridges.join(', ')}): what is routed for them passes untouched.`,
      );
    writer.line('baseline:').line('forwarding: true', 2);
    if (machine.containers !== undefined) writeContainers(writer, machine.containers);
  }
  writeTests(writer, draft);
  const diagnostics = sortDiagnostics([...(discovery?.diagnostics ?? []), ...draft.diagnostics]);
  writeNotes(writer, draft, diagnostics);
  const flows = draft.sections.flatMap((section) => section.flows);
  return {
    text: writer.text(),
    flows: flows.map(({ name, from, to, service, purpose, offered }) => ({
      name,
      from,
      to,
      service,
      purpose,
      offered: offered !== undefined,
    })),
    diagnostics,
  };
}

function writeHead(writer: YamlWriter, { input: { discovery, machine } }: Draft): void {
  writer.line('# yaml-language-server: $schema=./node_modules/portcullis/schema/policy.json');
  writer.comment('Written by `portcullis init`. From now on it is yours: change it, and keep it in Git.');
  const [config] = discovery?.files ?? [];
  if (config !== undefined) {
    writer.comment(`Read from ${escapeControls(config)}; hosts are those that OpenClaw ${CATALOG_RELEASE} uses.`);
    writer.comment(
      'How sure a host is: `code`, seen in OpenClaw’s code; `docs`, in its documentation only; `unverified`, in neither.',
    );
  }
  writer.comment('What no flow below allows is denied: in and out, IPv4 and IPv6.');
  writer.line('portcullis: 1').line(`name: ${scalar(flowName(machine.hostName))}`);
}

function writeZones(writer: YamlWriter, { zones }: Draft): void {
  writer.gap().line('zones:');
  for (const { name, comments, lines } of zones.values()) {
    for (const comment of comments) writer.comment(comment, 2);
    writer.line(`${name}:`, 2);
    for (const line of lines) writer.line(line, 4);
  }
}

function writeFlows(writer: YamlWriter, { sections, input: { discovery } }: Draft): void {
  writer.gap().line('flows:');
  for (const { title, flows } of sections) {
    writer.gap().comment(`--- ${title} ---`, 2);
    for (const flow of flows) writeFlow(writer, flow);
  }
  const local = (discovery?.needs ?? []).flatMap(({ name, to }) =>
    to.kind === 'server' && to.host.kind === 'loopback' ? [`${name} (${formatHost(to.host)}:${to.port})`] : [],
  );
  if (local.length > 0)
    writer.gap().comment(`Over loopback, which the baseline allows, so no flow is needed: ${local.join(', ')}.`, 2);
}

/** What was said on the terminal, kept beside the policy. */
function writeNotes(writer: YamlWriter, { input: { discovery } }: Draft, diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length === 0) return;
  const folder = (discovery?.files[0] ?? '').replace(/[^/]*$/, '');
  writer.gap().comment('What could not be derived, is risky, or needs a decision of yours:');
  for (const { severity, message, help, span } of diagnostics) {
    const place = span === undefined ? '' : ` (${span.file.name.slice(folder.length)}:${spanPosition(span).line})`;
    writer.bullet(`${severity}: ${escapeControls(message + place)}`);
    if (help !== undefined) writer.comment(escapeControls(help), 0, '  ');
  }
}
