/** Our proxy as `bench/proxy.ts` measures it: `egress-proxy.ts http|transparent DESTINATION-PORT`. Prints its port. */
import { address, policyOf, startWorld } from '../../src/gateway/proxy/support.ts';
import { PROXY_HOST } from './proxy-host.ts';

const [, , kind, destination] = process.argv;
const port = Number(destination);
const at = { host: '127.0.0.1', port: 0 };
// Some policy beside the flow that is used: as many names as a policy has.
const others = Array.from({ length: 200 }, (_, index) => ({ to: [`host-${index}.example`], ports: [443] }));
let records = 0;
const world = await startWorld(policyOf(...others, { to: [PROXY_HOST], ports: [port] }), {
  listeners: [
    kind === 'transparent'
      ? { kind, at, originalDestination: () => ({ address: address('127.0.0.99'), port }) }
      : { kind: 'http', at },
  ],
  speech: new Map([[port, 'tls']]),
  // A journal's line, without the disk.
  keeper: { record: (record) => (records += JSON.stringify(record).length) },
});
process.stdout.write(`${world.port}\n`);
