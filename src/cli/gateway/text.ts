import type { Health, OpenConnection, ShownRequest } from '../../gateway/index.ts';
import type { TextOutput } from '../console.ts';
import { textTable } from '../table.ts';

/** @param healthJson what `/health` answers; @param connectionsJson what `/connections` answers: both from our own gateway */
export function healthText(out: TextOutput, healthJson: string, connectionsJson: string): string {
  const health: Health = JSON.parse(healthJson);
  const { connections }: { readonly connections: readonly OpenConnection[] } = JSON.parse(connectionsJson);
  const { green, red } = out.colors;
  const state = health.ok ? green('well') : red('in trouble');
  const lines = [
    `the gateway of \`${health.policy}\` is ${state}, since ${health.since}${health.observe ? '; it only observes' : ''}`,
    ...health.troubles.map((trouble) => `  ${red('-')} ${trouble}`),
    '',
    connections.length === 0
      ? 'nothing is open'
      : textTable(
          ['agent', 'host', 'port', 'request'],
          connections.map(({ agent, host, port, id }) => [agent, host, String(port), id]),
        ),
  ];
  return `${lines.join('\n')}\n`;
}

/** @param json what `/requests` answers */
export function requestsText(out: TextOutput, json: string): string {
  const { requests }: { readonly requests: readonly ShownRequest[] } = JSON.parse(json);
  if (requests.length === 0) return 'nothing was asked for in vain\n';
  const table = textTable(
    ['request', 'agent', 'wants', 'times', 'last', 'state'],
    requests.map((each) => [
      each.id,
      each.agent,
      `${each.host}:${each.port}`,
      String(each.times),
      each.lastAsked,
      stateText(each),
    ]),
  );
  const isPending = requests.some(({ state }) => state === 'pending');
  const hint = isPending
    ? `\n${out.colors.dim('allow one for a while: portcullis requests approve ID --for 1h')}\n`
    : '';
  return `${table}\n${hint}`;
}

/** @param json what a decision answers */
export function requestText(_out: TextOutput, json: string): string {
  const request: ShownRequest = JSON.parse(json);
  return `${request.agent} to ${request.host}:${request.port}: ${stateText(request)}\n`;
}

function stateText({ state, by, until }: ShownRequest): string {
  switch (state) {
    case 'pending':
      return 'pending';
    case 'approved':
      return `approved by ${by} until ${until}`;
    case 'refused':
      return `refused by ${by}`;
  }
}
