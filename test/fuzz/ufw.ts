/**
 * Throws mutated and hostile texts of ufw at its reader: `node test/fuzz/ufw.ts [COUNT] [SEED]`. Whatever the bytes, there must be an error,
 * or a ruleset; no exception, no endless work, no rule of a file left out.
 */
import { escapeControls, hasErrors, renderDiagnostic } from '../../src/diagnostic/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { ufwTarget } from '../../src/target/ufw/index.ts';
import { AGENT_HOST, EVERYTHING } from '../contract/intents.ts';
import { Mutator } from './mutation.ts';

export interface UfwFuzzResult {
  readonly inputs: number;
  readonly seed: number;
  readonly read: number; // became a ruleset
  readonly failures: readonly { readonly input: string; readonly what: string }[];
  readonly slowestMs: number;
}

const FAILURES_KEPT = 10;
const LONGEST = 8_000; // characters of an input
const SLOW_MS = 3000;

export function fuzzUfw(count: number, seed: number): UfwFuzzResult {
  const mutator = new Mutator(seed);
  const texts = [...LISTINGS, ...written()];
  const whole = [...texts, ...HOSTILE];
  const failures: { input: string; what: string }[] = [];
  let [read, slowestMs] = [0, 0];
  for (let number = 0; number < count; number++) {
    const input = whole[number] ?? mutator.mutate(mutator.pick(texts), texts, TOKENS, LONGEST);
    const started = process.cpuUsage();
    try {
      if (isRead(input)) read++;
    } catch (error) {
      if (failures.length < FAILURES_KEPT)
        failures.push({ input, what: String(error instanceof Error ? error.stack : error) });
    }
    const { user, system } = process.cpuUsage(started); // a busy machine makes nobody slow
    const took = (user + system) / 1000;
    if (took > SLOW_MS && failures.length < FAILURES_KEPT)
      failures.push({ input, what: `took ${Math.round(took)} ms` });
    slowestMs = Math.max(slowestMs, took);
  }
  return { inputs: count, seed, read, failures, slowestMs };
}

function isRead(input: string): boolean {
  const { ast, diagnostics } = ufwTarget.parse([new SourceFile('input', input)]);
  for (const diagnostic of diagnostics) {
    const text = renderDiagnostic(diagnostic);
    if (text.split('\n').some((line) => escapeControls(line) !== line))
      throw new Error(`raw control characters: ${text}`);
    const { span } = diagnostic;
    if (span !== undefined && !(0 <= span.start && span.start <= span.end && span.end <= span.file.text.length))
      throw new Error(`a place outside the file: ${span.start}-${span.end}: ${text}`);
  }
  if ((ast !== undefined) === hasErrors(diagnostics)) throw new Error('rules in spite of errors, or neither of them');
  if (ast === undefined) return false;
  const { ruleset } = ufwTarget.lift(ast);
  for (const { family, name, chains } of ast.tables) {
    const table = ruleset.tables.find((each) => each.name === `${family === 4 ? 'ip' : 'ip6'} ${name}`);
    for (const chain of chains) {
      const told = table?.chains.find((each) => each.name === chain.name)?.rules.length;
      if (told === undefined ? !IDLE.test(chain.name) : told < chain.rules.length)
        throw new Error(`chain ${chain.name}: ${chain.rules.length} rules are loaded, ${told} are told`);
    }
  }
  return true;
}

/** Chains that ufw makes for what may come: told only where something leads to them, or where that is said in their place. */
const IDLE = /^ufw6?-(?:user-limit|user-limit-accept|logging-(?:allow|deny)|skip-to-policy-\w+|user-logging-\w+)$/;

/** What we write ourselves. */
function written(): string[] {
  return [AGENT_HOST, EVERYTHING].flatMap((policy) =>
    ufwTarget.print(ufwTarget.lower(policy).ast).map(({ text }) => text),
  );
}

const LISTINGS: readonly string[] = [
  `Status: active
Logging: on (low)
Default: deny (incoming), reject (outgoing), allow (routed)
New profiles: skip

To                         Action      From
--                         ------      ----
22/tcp                     LIMIT IN    Anywhere                   # SSH
80,443/tcp (WWW Full)      ALLOW IN    10.0.0.0/8                
25 on eth1                 DENY IN     2001:db8::/32 1024:2048    (log-all)
Anywhere on eth1           ALLOW FWD   10.0.0.1 on eth0          
`,
  "Added user rules (see 'ufw status' for running firewall):\nufw limit 22/tcp comment 'SSH'\nufw allow out on wg0 to 2001:db8::1 port 53\nufw route deny in on a out on b\n",
  'ufw default deny\nufw allow OpenSSH\nufw insert 1 deny from 10.0.0.1\nufw delete allow OpenSSH\nufw --force delete 1\nufw prepend allow 22\nufw enable\n',
];

const HOSTILE: readonly string[] = [
  '',
  '\0',
  'Status: active\n',
  'Status: active\n\nTo Action From\n-- ------ ----\n__proto__ ALLOW IN constructor\n',
  'Default: __proto__ (incoming), constructor (outgoing), toString (routed)\nStatus: active\n',
  "ufw allow '\n",
  `ufw allow ${'1,'.repeat(5_000)}1/tcp\n`,
  `ufw ${'insert 1 '.repeat(3_000)}allow 22\n`,
  `${'ufw insert 1 allow 22\n'.repeat(300)}`,
  'ufw allow __proto__\nufw default __proto__ constructor\nufw logging toString\nufw allow from 10.0.0.1 to any app constructor\n',
  'ufw allow from 99999999999999999999999999999999999/99 to ::::/0\n',
  `*filter\n:ufw-user-input - [0:0]\n### tuple ### ${'x '.repeat(2_000)}\nCOMMIT\n`,
  '*filter\n:ufw-user-input - [0:0]\n### tuple ### allow any any 0.0.0.0/0 any 0.0.0.0/0 in comment=zz\nCOMMIT\n',
  '*filter\n:ufw-before-input - [0:0]\n-A ufw-before-input -j ufw-user-input\n-A ufw-user-input -j ufw-before-input\nCOMMIT\n',
  'DEFAULT_INPUT_POLICY=$(reboot)\n',
  'ENABLED=yes\nENABLED=no\n',
  '[a]\nports=0:99999/tcp|\n',
];

const TOKENS: readonly string[] = [
  ...[
    'ufw ',
    'sudo ufw ',
    '--force ',
    'allow ',
    'deny ',
    'limit ',
    'route ',
    'insert ',
    'prepend ',
    'delete ',
    'in ',
    'out ',
    'on ',
    'eth0 ',
  ],
  ...[
    'from ',
    'to ',
    'any ',
    'port ',
    'app ',
    'proto ',
    'comment ',
    'log ',
    'log-all ',
    '22',
    '/tcp',
    ',',
    ':',
    '(v6)',
    'Anywhere',
    ' on ',
  ],
  ...[
    'Status: active\n',
    'COMMIT\n',
    '*filter\n',
    '### tuple ### ',
    ' comment=',
    '%20',
    '\t',
    '\r',
    '\n',
    '\0',
    '\u202e',
    '__proto__',
    "'",
    '"',
    '\\',
    '#',
  ],
  ...[
    '-A ufw-user-input ',
    '-j ACCEPT',
    ':ufw-user-input - [0:0]\n',
    '10.0.0.1',
    '2001:db8::/32',
    '/255.255.255.0',
    '-1',
    '99999999999',
  ],
];

if (import.meta.main) {
  const [count = '100000', seed = '1'] = process.argv.slice(2);
  const { failures, ...figures } = fuzzUfw(Number(count), Number(seed));
  process.stdout.write(`${JSON.stringify({ ...figures, failures: failures.length })}\n`);
  for (const { input, what } of failures) process.stdout.write(`${what}\n${JSON.stringify(input).slice(0, 3000)}\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
