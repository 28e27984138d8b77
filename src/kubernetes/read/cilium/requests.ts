import type { Part } from '../part.ts';
import type { RuleContext } from './facts.ts';
import { CILIUM_PROBLEMS } from './problems.ts';

/**
 * What an entry of `toPorts` asks of requests: HTTP, Kafka or DNS rules, names in TLS. An empty rule asks for nothing, and one of several is
 * enough.
 */
export function readRequests(entry: Part, context: RuleContext): { readonly condition?: string } {
  const names = entry.at('serverNames').texts();
  const rules = entry.at('rules');
  rules.only(['http', 'kafka', 'dns', 'l7', 'l7proto']);
  check(entry, rules, context, names);
  const asked = [
    http(rules.at('http')),
    kafka(rules.at('kafka')),
    dns(rules.at('dns')),
    rules.at('l7proto').exists
      ? `requests of \`${rules.at('l7proto').text() ?? ''}\` as its rules ask only`
      : undefined,
    names.length === 0 ? undefined : `TLS for ${names.join(', ')} only`,
    entry.at('listener').exists ? 'what the Envoy listener lets through only' : undefined,
  ].filter((text) => text !== undefined);
  return asked.length === 0 ? {} : { condition: asked.join('; ') };
}

const KINDS = ['http', 'kafka', 'dns', 'l7proto'];

function check(entry: Part, rules: Part, { direction }: RuleContext, names: readonly string[]): void {
  const refused = (part: Part, why: string) => part.report.say(CILIUM_PROBLEMS.refused, part.span, part.path, why);
  const given = KINDS.filter((kind) => rules.at(kind).exists);
  if (given.length > 1) refused(rules, `it has rules of several kinds (${given.join(', ')})`);
  if (rules.at('l7').exists && !rules.at('l7proto').exists) refused(rules, '`l7` needs `l7proto`');
  if (direction === 'ingress' && rules.at('dns').items().length > 0)
    refused(rules.at('dns'), 'DNS rules are for egress');
  if (direction === 'ingress' && entry.at('listener').exists) refused(entry.at('listener'), 'listeners are for egress');
  if (given.length > 0 && entry.at('listener').exists) refused(entry.at('listener'), 'a listener excludes `rules`');
  if (given.length > 0 && names.length > 0 && !entry.at('terminatingTLS').exists) {
    refused(entry.at('serverNames'), 'with `rules` it needs `terminatingTLS`');
  }
  if (given.length === 0) return;
  const ports = entry.at('ports').items();
  if (given[0] === 'dns' && ports.length === 0) refused(rules, 'DNS rules need a port');
  for (const port of ports) {
    if (port.at('port').text() === '0') refused(port, 'port 0 excludes `rules`');
    if (given[0] !== 'dns' && port.at('protocol').text() !== 'TCP') refused(port, '`rules` need `protocol: TCP`');
  }
}

function http(part: Part): string | undefined {
  return anyOf(part, 'requests', (rule) => {
    rule.only(['method', 'path', 'host', 'headers', 'headerMatches']);
    const words = ['method', 'host', 'path'].flatMap((key) => rule.at(key).text() || []);
    const headers = rule.at('headers').items().length + rule.at('headerMatches').items().length;
    return [...words, ...(headers === 0 ? [] : ['with given headers'])].join(' ');
  });
}

function kafka(part: Part): string | undefined {
  return anyOf(part, 'Kafka requests', (rule) => {
    rule.only(['role', 'apiKey', 'apiVersion', 'clientID', 'topic']);
    return ['role', 'apiKey', 'topic', 'clientID', 'apiVersion'].flatMap((key) => rule.at(key).text() || []).join(' ');
  });
}

function dns(part: Part): string | undefined {
  return anyOf(part, 'DNS queries for', (rule) => {
    rule.only(['matchName', 'matchPattern']);
    const pattern = rule.at('matchName').text() ?? rule.at('matchPattern').text() ?? '';
    return pattern === '*' ? '' : pattern;
  });
}

/** @param words of one rule; none: it matches every request */
function anyOf(part: Part, what: string, words: (rule: Part) => string): string | undefined {
  const rules = part.items();
  if (rules.length === 0) return undefined;
  const texts = rules.map(words);
  if (texts.includes('')) return undefined;
  const shown = texts.slice(0, 3).join(', ');
  return `${what} ${shown}${texts.length > 3 ? ` and ${texts.length - 3} more` : ''} only`;
}
