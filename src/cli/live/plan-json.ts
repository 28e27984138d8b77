import type { DeniedConnection, Preflight, Unclear } from '../../apply/index.ts';
import { approximationJson } from '../approximation.ts';
import { opaqueJson } from '../report.ts';
import { changeJson, connectionText, neighbourJson, pathJson, repairJson } from './change-json.ts';
import type { Planned } from './planned.ts';

/** schema/plan.json */
export function planJson({ rules, plan, live }: Planned) {
  const accounts = rules.intent.unknownAccounts;
  return {
    policy: rules.name,
    opened: plan.opened.map((each) => changeJson(each, accounts)),
    closed: plan.closed.map((each) => changeJson(each, accounts)),
    untold: plan.untold,
    denied: plan.denied.map(deniedJson),
    tables: plan.neighbours.map(neighbourJson),
    approximations: (rules.proof?.approximations ?? []).map(approximationJson),
    unclear: plan.unclear.map(unclearJson),
    trialHeldBy: live === undefined ? null : live.facts.trialHolder,
    preflight: live === undefined ? null : preflightJson(live.preflight),
  };
}

function deniedJson({ connection, certain, path, because }: DeniedConnection) {
  const { program, pid, uid, tracked } = connection;
  return {
    connection: connectionText(connection),
    ...(program === undefined ? {} : { program }),
    ...(pid === undefined ? {} : { pid }),
    ...(uid === undefined ? {} : { uid }),
    tracked,
    certain,
    path: pathJson(path),
    ...(because.length === 0 ? {} : { because }),
  };
}

function unclearJson({ opaque, packets }: Unclear) {
  return { ...opaqueJson(opaque), packets };
}

function preflightJson({ ok, proven, refused, waived, warnings }: Preflight) {
  const refusal = ({ subject, what, sentence, verdict, path, because, repair }: Preflight['refused'][number]) => ({
    subject,
    what,
    sentence,
    verdict,
    path: pathJson(path),
    ...(because.length === 0 ? {} : { because }),
    ...repairJson(repair),
  });
  return {
    ok,
    proven: proven.map(({ subject, what, sentence, path }) => ({ subject, what, sentence, path: pathJson(path) })),
    refused: refused.map(refusal),
    waived: waived.map(refusal),
    warnings: warnings.map(({ need, sentence, path, repair }) => ({
      need,
      sentence,
      path: pathJson(path),
      ...repairJson(repair),
    })),
  };
}
