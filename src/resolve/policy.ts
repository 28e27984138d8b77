import type { Catalog } from '../catalog/index.ts';
import { type Diagnostic, hasErrors, sortDiagnostics } from '../diagnostic/index.ts';
import type { DockerFacts } from '../docker/index.ts';
import type { Intent } from '../ir/index.ts';
import { type PolicyFile, Reporter } from '../policy/index.ts';
import { AccountResolver } from './accounts.ts';
import { resolveBaseline } from './baseline.ts';
import { EndpointResolver } from './endpoints.ts';
import { FlowResolver } from './flows.ts';
import { checkGatewayFlows, leadToHosts, resolveGateway } from './gateway.ts';
import { NameGroups } from './name-groups.ts';
import { RESOLVE_PROBLEMS } from './problems.ts';
import { ServiceResolver } from './services.ts';
import { TestResolver } from './tests.ts';
import { ZoneResolver } from './zones.ts';

/** What a policy needs to know of the machine and the day. */
export interface ResolveContext {
  readonly accounts: ReadonlyMap<string, number>; // of the machine that will enforce the policy: name -> uid
  readonly catalog: Catalog;
  readonly today: string; // YYYY-MM-DD, UTC
  /** What Docker runs on that machine; asked at most once, and only where a zone needs it. `undefined` where nobody knows. */
  readonly containers?: () => DockerFacts | undefined;
}

export interface ResolvedPolicy {
  /** `undefined` where there are errors, in the file or in what it means: half a policy is none. */
  readonly intent: Intent | undefined;
  readonly diagnostics: Diagnostic[]; // sorted; without those of loading
}

/** Looks up all that a policy names and says what it asks of this machine. */
export function resolvePolicy(policy: PolicyFile, context: ResolveContext): ResolvedPolicy {
  const report = new Reporter();
  const accounts = new AccountResolver(context.accounts, report);
  const names = new NameGroups(policy, context.catalog, report);
  const services = new ServiceResolver(policy, context.catalog, report);
  const zones = new ZoneResolver(policy, accounts, names, once(context.containers), report);
  const endpoints = new EndpointResolver(zones, names);
  const flows = new FlowResolver(endpoints, services, report, context.today);
  const tests = new TestResolver(endpoints, services, names, report);

  const allZones = zones.all();
  services.resolveAll();
  const resolved = policy.flows.map((flow) => flows.resolve(flow)).filter((grant) => grant !== undefined);
  const groups = names.all();
  const grants = leadToHosts(resolved, policy.gateway?.hosts ?? [], groups);
  const gateway =
    policy.gateway === undefined
      ? undefined
      : resolveGateway(policy.gateway, { grants, groups, accounts, zones: allZones, report });
  if (policy.complete) checkGatewayFlows(gateway, grants, groups, report);
  const claims = policy.tests.flatMap((test) => tests.resolve(test));
  const baseline = resolveBaseline(policy.baseline, report);
  for (const zone of new Set([...flows.notHere.keys(), ...tests.notHere.keys()])) {
    const span = policy.zones.find(({ name }) => name === zone)?.span;
    const testCount = tests.notHere.get(zone) ?? 0;
    report.say(RESOLVE_PROBLEMS.notOnThisMachine, span, zone, flows.notHere.get(zone) ?? [], testCount);
  }
  reportUnused(policy, zones, services, report);

  const diagnostics = sortDiagnostics(report.diagnostics());
  if (!policy.complete) {
    // Advice about a policy of which parts are missing would often be about the missing parts.
    return { intent: undefined, diagnostics: diagnostics.filter(({ severity }) => severity === 'error') };
  }
  if (hasErrors(diagnostics)) return { intent: undefined, diagnostics };
  const intent: Intent = {
    name: policy.name ?? 'policy',
    baseline,
    grants,
    groups: names.all(),
    tests: claims,
    zones: allZones,
    unknownAccounts: accounts.unknown(),
    ...(gateway === undefined ? {} : { gateway }),
  };
  return { intent, diagnostics };
}

function once<T>(ask: (() => T | undefined) | undefined): () => T | undefined {
  let asked: { readonly answer: T | undefined } | undefined;
  return () => {
    asked ??= { answer: ask?.() };
    return asked.answer;
  };
}

/** Only of the policy's own file: what it includes may be shared with others, which use other parts of it. */
function reportUnused(policy: PolicyFile, zones: ZoneResolver, services: ServiceResolver, report: Reporter): void {
  const [own] = policy.files;
  for (const { name, span } of policy.zones) {
    if (span.file === own && !zones.isUsed(name)) report.say(RESOLVE_PROBLEMS.unusedZone, span, name);
  }
  for (const { name, span } of policy.services) {
    if (span.file === own && !services.isUsed(name)) report.say(RESOLVE_PROBLEMS.unusedService, span, name);
  }
}
