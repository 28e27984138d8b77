import type { DiagnosticKind } from '../../diagnostic/index.ts';

/** What the nftables target has to say: `N1xx` while writing, `N2xx` while reading. */
export const NFTABLES_PROBLEMS = {
  unknownAccount: {
    code: 'N0101',
    severity: 'error',
    message: (flow: string, account: string) =>
      `flow \`${flow}\` needs the account \`${account}\`, which this machine does not have`,
    help: (_flow: string, account: string) =>
      `create it (\`useradd --system ${account}\`), or say which number it will have: \`--account ${account}=<uid>\``,
    explanation:
      'The kernel compares account numbers, and nft refuses a whole file that holds an unknown name, so that a boot would ' +
      'end without any table. Therefore numbers are written, and a number is needed.',
  },
  unwritableName: {
    code: 'N0102',
    severity: 'error',
    message: (what: string, name: string) => `the ${what} \`${name}\` cannot be written in nft's language`,
    help: () => 'use a shorter name, without quotes and line breaks',
    explanation:
      'nft has no escapes in strings, and names of counters, sets and chains hold 255 bytes at most; a log prefix holds 127.',
  },
  unwritableMatch: {
    code: 'N0103',
    severity: 'error',
    message: (flow: string, what: string) => `\`${flow}\` asks for ${what}, which no nftables rule can say`,
    explanation: 'A rule that cannot be written is never replaced by a similar one without a word.',
  },
  namedSource: {
    code: 'N0104',
    severity: 'warning',
    message: (flow: string, group: string) =>
      `flow \`${flow}\` comes from the names of \`${group}\`, and a packet does not tell which name its sender has: nothing is let in`,
    help: () => 'give the zone addresses',
    explanation: 'Names say where a packet goes, not where it comes from.',
  },
  syntax: {
    code: 'N0201',
    severity: 'error',
    message: (found: string, expected: string) => `expected ${expected}, found ${found}`,
    explanation:
      'The text is not nft, or a part of nft that the reader does not know. It never skips what it does not know.',
  },
  notNftables: {
    code: 'N0211',
    severity: 'error',
    message: (file: string, line: string) => `\`${file}\` is no nftables configuration: it begins with \`${line}\``,
    help: () => 'give nft text, or what `nft -a list ruleset` or `nft -j list ruleset` writes (as root)',
    explanation: 'Nothing in the file is a command of nft, so that it is told once and not for every line.',
  },
  emptyRuleset: {
    code: 'N0212',
    severity: 'warning',
    message: (file: string) => `\`${file}\` holds no table: such a firewall lets everything pass`,
    help: () => 'if that is not meant, make the file again as root: a listing that fails leaves an empty one',
    explanation:
      'An empty ruleset is one, and its answers are right; more often the wrong file was given, or a listing failed.',
  },
  missingFromFile: {
    code: 'N0210',
    severity: 'error',
    message: (kind: string, name: string) => `there is no ${kind} \`${name}\` that this could change`,
    help: () => 'ask about `nft -a list ruleset` instead, which shows what all commands led to',
    explanation:
      'Files are read as a machine without any rules would load them. A command for what only a running machine has cannot be followed.',
  },
  alreadyThere: {
    code: 'N0213',
    severity: 'error',
    message: (kind: string, name: string) => `the ${kind} \`${name}\` is there already, and \`create\` wants a new one`,
    help: () => 'write `add`, which takes what is there',
    explanation: 'The kernel refuses a whole file for a `create` of what exists.',
  },
  undefinedVariable: {
    code: 'N0206',
    severity: 'error',
    message: (name: string) => `\`${name}\` is not defined here, or what it holds is too large`,
    help: () => 'define it above, in the same block or outside of all blocks',
    explanation: 'A variable holds from its `define` to the end of the block in which it is defined.',
  },
  unreadInclude: {
    code: 'N0207',
    severity: 'error',
    message: (path: string, reason: string) => `the file \`${path}\` that is included here cannot be read: ${reason}`,
    help: () => 'give the files that are included too, or ask about the output of `nft list ruleset`',
    explanation: 'A ruleset without a part of its files is another ruleset, so it is not judged at all.',
  },
  notForPackets: {
    code: 'N0208',
    severity: 'info',
    message: (table: string) =>
      `table \`${table}\` does not decide about IP packets of this machine, and is left out of the answers`,
    explanation:
      'Tables of the families arp and bridge decide about ARP messages and about frames that pass between the ports of a bridge, ' +
      'before and beside the hooks where IP packets are filtered.',
  },
  dormantTable: {
    code: 'N0209',
    severity: 'info',
    message: (table: string) => `table \`${table}\` is dormant: it decides nothing`,
    explanation: 'A table with `flags dormant` is kept by the kernel and hooked nowhere.',
  },
  malformedJson: {
    code: 'N0202',
    severity: 'error',
    message: (what: string) => `this is no \`nft -j list ruleset\`: ${what}`,
    help: () => 'make the file with `nft -j list ruleset`',
    explanation: 'The JSON is malformed, or has not the shape of libnftables-json(5).',
  },
  missingReference: {
    code: 'N0203',
    severity: 'error',
    message: (kind: string, name: string) => `there is no ${kind} \`${name}\` in this table`,
    explanation:
      'A rule names a chain, set, map or counter that the table does not have; the kernel would refuse it too.',
  },
  jumpLoop: {
    code: 'N0204',
    severity: 'error',
    message: (from: string, to: string) => `chain \`${from}\` leads back to chain \`${to}\``,
    explanation: 'Jumps that run in a circle have no end; the kernel refuses them.',
  },
  deepJumps: {
    code: 'N0205',
    severity: 'error',
    message: (chain: string) => `chain \`${chain}\` is more than 16 jumps deep`,
    explanation: 'The kernel keeps 16 places to return to and refuses rulesets that need more.',
  },
} as const satisfies Record<string, DiagnosticKind<never>>;
