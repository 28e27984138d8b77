import { excerpt } from '../diagnostic/index.ts';

/** What the listing of `nft` does not say of the kernel's rules, in sentences for people. Seen of nft 1.0.6 and 1.1.3. */

/**
 * Of what it cannot read back of its own bytecode, nft leaves a part out (`ip ttl >> 4 3` is listed as `meta nfproto ipv4`), says so on standard error
 * (`netlink_error`, src/netlink.c) and ends with 0.
 */
export function leftOut(said: string): readonly string[] {
  const errors = new Set(said.split('\n').filter((line) => /\berror: /i.test(line)));
  if (errors.size === 0) return [];
  const first = excerpt([...errors].join('; '), 400);
  return [`\`nft\` could not list every rule whole, so that one may ask for more than what is read of it: ${first}`];
}

/** Whether a listing, in JSON, shows comparisons with a range, each of which may have been two comparisons. */
export function showsRanges(listed: string): boolean {
  return listed.includes('"right": {"range"');
}

/**
 * Two neighbouring comparisons by order are listed as a range, even of two fields: `tcp sport >= 1024 tcp dport <= 2000` as `tcp dport 1024-2000`,
 * `< 5` before `> 7` as `!= 5-7` (`expr_may_merge_range`, src/netlink_delinearize.c).
 * @param bytecode `nft --debug=netlink list ruleset`: a line of family, table, chain and handle before the instructions of each rule
 */
export function joined(bytecode: string): readonly string[] {
  const rules = bytecode.split('\n\n').filter((rule) => isJoined(rule.split('\n')));
  if (rules.length === 0) return [];
  const places = rules.map((rule) => {
    const [, family, table, chain, handle] = /^(\S+) (\S+) (\S+) (\d+)/m.exec(rule) ?? [];
    return `\`${family} ${table} ${chain}\`, handle ${handle}`;
  });
  const told = excerpt(places.join('; '), 400);
  return [
    `\`nft\` lists two comparisons as one range, so that what is read of it is not what the kernel does: ${told}`,
  ];
}

/** One right after the other, of two values of one kind: what lies between them is loading the second, no other statement. */
const JOINED = /(?:^| )(\w+(?: bitwise)?) (?:gte \1 lte|lt \1 gt)(?: |$)/;

function isJoined(instructions: readonly string[]): boolean {
  const steps = instructions.flatMap((line) => {
    const [, operator, name] = /^ *\[ (?:cmp (\w+)|(\w+)) /.exec(line) ?? [];
    return operator ?? name ?? [];
  });
  return JOINED.test(steps.filter((step) => step !== 'byteorder').join(' '));
}
