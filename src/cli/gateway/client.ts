import { request } from 'node:http';
import { EXIT } from '../console.ts';
import { stop } from '../report.ts';
import { GATEWAY_PROBLEMS } from './problems.ts';

/** Where a running gateway hears its operators. */
export const CONTROL_SOCKET = '/run/portcullis-gateway/control.sock';
export const SOCKET_OPTION = `the socket of the running gateway (default: ${CONTROL_SOCKET})`;

const ANSWER_MS = 10_000;

export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** @throws Stop where no gateway answers */
export function askGateway(socketPath: string, method: 'GET' | 'POST', path: string, body?: object): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const failed = ({ message }: Error): void =>
      reject(stop(EXIT.machine, GATEWAY_PROBLEMS.notRunning, socketPath, message));
    const asked = request({ socketPath, method, path, timeout: ANSWER_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', failed);
    });
    asked.on('timeout', () => asked.destroy(new Error('it does not answer in time')));
    asked.on('error', failed);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
