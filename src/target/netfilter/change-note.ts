/** Who changed what and when, as the kernel keeps it: in a comment, so that whoever reads the table knows without any file. */
export interface ChangeNote {
  readonly by: string; // an account; of a long or odd name what can be kept of it
  readonly since: string; // ISO 8601 in UTC, whole seconds
  readonly policyHash?: string; // SHA-256 in hexadecimal
  readonly trialSeconds?: number;
}

/** NFTNL_UDATA_COMMENT_MAXLEN of libnftnl, and nft's own bound for comments of rules, sets and chains. */
const MAX_COMMENT_BYTES = 128;

export function printNote({ by, since, policyHash, trialSeconds }: ChangeNote): string {
  const parts = [
    `since ${since.replace(/\.[0-9]+Z$/, 'Z')}`,
    ...(trialSeconds === undefined ? [] : [`for ${trialSeconds} s`]),
    ...(policyHash === undefined ? [] : [`policy ${policyHash}`]),
  ];
  const known = `${parts.join(', ')}, by `;
  // Printable ASCII without what nft's strings or a terminal might take as more than a letter.
  const name = by.replaceAll(/[^\x20-\x7e]|["\\]/g, '?');
  return known + name.slice(0, MAX_COMMENT_BYTES - known.length);
}

/** `undefined` where it is no comment of ours. */
export function parseNote(comment: string | undefined): ChangeNote | undefined {
  const form = /^since ([0-9TZ:-]+)(?:, for ([0-9]+) s)?(?:, policy ([0-9a-f]+))?, by ([\x20-\x7e]*)$/;
  const [, since, seconds, policyHash, by] = form.exec(comment ?? '') ?? [];
  if (since === undefined || by === undefined) return undefined;
  return {
    by,
    since,
    ...(policyHash === undefined ? {} : { policyHash }),
    ...(seconds === undefined ? {} : { trialSeconds: Number(seconds) }),
  };
}
