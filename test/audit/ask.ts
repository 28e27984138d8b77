import assert from 'node:assert/strict';
import { type AuditSubject, audit, type Finding, type HostFacts } from '../../src/analysis/index.ts';
import { evaluate } from '../../src/semantics/index.ts';
import { SourceFile } from '../../src/source/index.ts';
import { TARGETS } from '../../src/target/index.ts';

export const TODAY = '2026-11-25';

/** What there is to say about nft's text; every witness is asked again. */
export function auditNft(text: string, facts?: HostFacts): readonly Finding[] {
  const { ast, diagnostics } = TARGETS.nftables.parse([new SourceFile('rules.nft', text)]);
  assert.deepEqual(diagnostics, []);
  assert.ok(ast);
  const { ruleset, opaque } = TARGETS.nftables.lift(ast);
  const subject: AuditSubject = {
    ruleset,
    opaque: opaque.map(({ packets }) => packets),
    today: TODAY,
    serviceName: () => undefined,
    ...(facts === undefined ? {} : { facts }),
  };
  const findings = audit(subject);
  for (const { witness, code } of findings) {
    if (witness !== undefined) assert.equal(evaluate(ruleset, witness.flow).verdict, witness.verdict, code);
  }
  return findings;
}

/** `A1003 tcp/22`, in the order of the audit. */
export function codes(findings: readonly Finding[]): string[] {
  return findings.map(({ code, subject }) => `${code} ${subject}`);
}

/** A host's rules for both families, closed and logging, with these more. */
export function closed(input: string, output = '', forward = ''): string {
  return `table inet host {
  chain input {
    type filter hook input priority 0; policy drop;
    iifname "lo" accept
    ct state established,related accept
    ct state invalid drop
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, packet-too-big } accept
    icmp type destination-unreachable icmp code 4 accept
    ${input}
    log prefix "in "
  }
  chain output {
    type filter hook output priority 0; policy drop;
    oifname "lo" accept
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ${output}
    log prefix "out "
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state invalid drop
    ${forward}
    log prefix "fwd "
  }
}
`;
}
