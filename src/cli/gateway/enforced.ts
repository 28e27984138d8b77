import { gatewayFooting } from '../../apply/index.ts';
import { hostIntent } from '../../resolve/index.ts';
import type { Console } from '../console.ts';
import { readFacts } from '../live/facts.ts';
import type { LiveHost } from '../live/host.ts';
import type { Missing } from './run.ts';

/** Asks the kernel of this machine. @throws Stop, when it is asked, where the machine cannot be read */
export function missingHere(console: Console, host: LiveHost): Missing {
  return async (intent) => {
    const snapshot = await host.ask('snapshot', { callerPid: process.pid, connections: false });
    const { listing } = readFacts(console, snapshot).around;
    return gatewayFooting(listing, hostIntent(intent)).faults.map(({ sentence }) => sentence);
  };
}
