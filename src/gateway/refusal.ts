import type { Grant } from '../ir/index.ts';
import type { Reason } from './record.ts';

/** What a refused client is told, so that the agent and its operator can act on it. */
export interface Refusal {
  readonly id: string; // of the request, in the gateway's record
  readonly reason: Reason;
  readonly sentence: string; // no capital, no full stop
  readonly help?: string; // what to do about it: the same
}

interface About {
  readonly agent: string;
  readonly host: string;
  readonly service: string; // `tcp/443`, or `DNS`
  readonly near: readonly Grant[];
}

/** The reasons as sentences. */
export function refusalSentence(reason: Reason, { agent, host, service, near }: About): string {
  switch (reason) {
    case 'unknown-client':
      return `no flow of the policy begins at ${agent}`;
    case 'unlisted-name':
    case 'unlisted-address':
      return `no flow of ${agent} leads to ${host}`;
    case 'other-service':
      return `${near.length === 1 ? 'the flow' : 'the flows'} ${near.map(({ name }) => `\`${name}\``).join(', ')} to ${host} ${near.length === 1 ? 'is' : 'are'} not for ${service}`;
    case 'special-address':
      return `${host} stands for an address that is not public, and no flow of ${agent} leads to that address`;
    case 'own-address':
      return `${host} is this machine itself, and no flow of ${agent} leads to it`;
    case 'no-identity':
      return 'nobody can tell which agent asks';
    case 'bad-host':
      return 'what was asked for is no host';
    case 'bad-request':
      return 'the request cannot be understood in one way only';
    case 'query-type':
      return `questions of the type ${service} are answered to nobody`;
    case 'budget':
      return `${agent} has asked for too much in too short a time`;
    case 'rate':
      return `${agent} has opened more connections than the flow allows`;
    case 'no-address':
      return `no address was found for ${host}`;
    case 'not-opened':
      return `the way to the addresses of ${host} could not be opened`;
    case 'unreachable':
      return `${host} cannot be reached on ${service}`;
    case 'no-answer':
      return `${host} does not answer on ${service}`;
    case 'cut':
      return `the policy no longer leads ${agent} to ${host}`;
  }
}
