/**
 * Which folder of `src` may import which, and why the line is drawn there. The reason is what a failing test says, so it
 * speaks to the person who has just added the import.
 */
export interface Layer {
  readonly mayImport: readonly string[];
  readonly why: string;
}

const BASE = ['source', 'diagnostic', 'net'] as const;

export const LAYERS: Readonly<Record<string, Layer>> = {
  source: {
    mayImport: [],
    why: 'a span is the lowest thing there is: everything that reads text builds on it',
  },
  diagnostic: {
    mayImport: ['source'],
    why: 'a diagnostic knows words and places only, so that every part can report in the same way',
  },
  net: {
    mayImport: ['source', 'diagnostic'],
    why: 'addresses, ports and names are parsed once and mean the same to all: they know no policy and no firewall',
  },
  packetset: {
    mayImport: ['net'],
    why: 'set algebra is pure mathematics over a header space: what a rule means is said in `semantics`',
  },
  ir: {
    mayImport: ['source', 'net'],
    why: 'the intermediate representation is data that writers and judges share: it must not lean towards either',
  },
  semantics: {
    mayImport: ['source', 'net', 'packetset', 'ir'],
    why: 'the one meaning must not know any language or firewall, or it would bend towards that one',
  },
  policy: {
    mayImport: [...BASE],
    why: 'the policy language says what was written and where, not what it comes to: that is `resolve`',
  },
  docker: {
    mayImport: [...BASE, 'policy'],
    why: 'what Docker tells of its containers is read and kept as facts: what they come to is said in `resolve`, what is wrong with them in `analysis`',
  },
  kubernetes: {
    mayImport: [...BASE, 'packetset', 'policy'],
    why: 'what manifests tell of a cluster is read, kept as facts and written again: what its policies come to is said in `cluster`',
  },
  cluster: {
    mayImport: [...BASE, 'packetset', 'kubernetes'],
    why: 'the one meaning of a cluster’s policies asks facts, whatever product they were written for: it knows no file and no target',
  },
  catalog: {
    mayImport: [...BASE, 'ir'],
    why: 'the catalogue is data with a loader: it knows services and endpoints, not the policies that name them',
  },
  resolve: {
    mayImport: [...BASE, 'policy', 'docker', 'kubernetes', 'catalog', 'ir', 'packetset'],
    why: 'resolving turns a policy into an intent: it neither judges the intent nor writes a firewall',
  },
  discover: {
    mayImport: [...BASE, 'docker', 'catalog', 'ir', 'policy'],
    why: 'discovery proposes a policy as text from what it is shown: it judges nothing and touches no machine itself',
  },
  target: {
    mayImport: [...BASE, 'docker', 'kubernetes', 'ir', 'packetset'],
    why: 'a generator that can call the checker will agree with it: a target must never see `semantics` or `cluster`, nor what uses them; what Docker is to be told depends on what it has been told',
  },
  verify: {
    mayImport: [...BASE, 'docker', 'kubernetes', 'cluster', 'ir', 'packetset', 'semantics', 'target'],
    why: 'the proof compares what a target wrote with the intent, Docker’s files as facts: it must not depend on how the intent came about',
  },
  analysis: {
    mayImport: [...BASE, 'docker', 'kubernetes', 'cluster', 'ir', 'packetset', 'semantics'],
    why: 'analyses ask the one meaning about rulesets and intents: they know no file, no firewall and no command',
  },
  apply: {
    mayImport: [...BASE, 'ir', 'packetset', 'semantics', 'analysis', 'target'],
    why: 'it says what a change means for a host from what it is shown: it reads and changes no machine itself, and knows no command',
  },
  import: {
    mayImport: [...BASE, 'ir', 'packetset', 'semantics', 'kubernetes', 'cluster'],
    why: 'a policy is made from what a firewall or a cluster means, whatever it was read from: it knows no firewall, and whether it is right others prove',
  },
  gateway: {
    mayImport: [...BASE, 'ir', 'semantics'],
    why: 'the gateway carries out what the one meaning says of names: it knows no policy file, no firewall and no command',
  },
  host: {
    mayImport: [...BASE],
    why: 'the code that touches a machine may run as root: what it can reach is kept small (no YAML, no policy, no prover)',
  },
  enforcer: {
    mayImport: [...BASE, 'host'],
    why: 'what runs as root loads texts that it is given and keeps files: it knows no policy, no YAML, no prover, and nothing that others wrote',
  },
  cli: {
    mayImport: [
      ...BASE,
      'packetset',
      'ir',
      'semantics',
      'policy',
      'docker',
      'kubernetes',
      'cluster',
      'catalog',
      'resolve',
      'discover',
      'target',
      'verify',
      'analysis',
      'apply',
      'import',
      'gateway',
      'host',
      'enforcer',
    ],
    why: 'the command line is the composition root',
  },
};

/** Files beside `index.ts` by which a folder may be entered. */
export const OTHER_ENTRANCES: Readonly<Record<string, string>> = {
  'src/target/registry.ts': 'it loads every target, which those who need the contract alone must not',
  'src/analysis/questions.ts':
    'one question after the other: those who ask many start without audits, probes and matrices',
  'src/resolve/cluster-intent.ts': 'it knows clusters, which policies of one machine are read without',
  'src/enforcer/protocol.ts': 'what is asked and answered, without the part that runs as root',
  'src/diagnostic/similar.ts': 'it brings a package of others, which what runs as root must not load',
  'src/host/process.ts': 'processes alone: what runs as root must not load the lab',
  'src/host/docker.ts': 'one question to one program: commands that read policies start without the lab',
  'src/host/proc.ts': '/proc alone, for the same reason',
  'src/host/machine-error.ts': 'the error alone: commands that touch no machine start without the code that does',
};

/** Files of no folder, which any may import; each is pure and imports nothing of ours. */
export const FREE_FILES: Readonly<Record<string, string>> = {
  'src/own-files.ts':
    'in what is published it has to be at the root, from where it finds the other files of the package',
};

/** Folders that may touch the machine: files, processes, sockets, the clock, the environment. */
export const IMPURE: Readonly<Record<string, string>> = {
  host: 'its purpose',
  enforcer: 'it changes the machine, as root',
  gateway: 'listening, resolving and dialling are its purpose',
  cli: 'composition root',
};

/** Node modules that compute and touch nothing; any folder may import them. */
export const PURE_MODULES: readonly string[] = [
  'node:assert',
  'node:assert/strict',
  'node:path',
  'node:path/posix',
  'node:url',
  'node:util',
];

/** Node modules that one folder may import although it is not impure. */
export const EXCEPTIONS: readonly { readonly folder: string; readonly module: string; readonly why: string }[] = [
  { folder: 'catalog', module: 'node:fs', why: "it reads the package's own data files" },
  { folder: 'policy', module: 'node:module', why: 'it loads the thorough reader of YAML only where there is a fault' },
  { folder: 'target', module: 'node:crypto', why: 'it names sets of addresses by a digest of what they hold' },
];
