/**
 * A proxy with few descriptors: `proxy-descriptors-main.ts DESTINATION-PORT bounded|unbounded`; `unbounded` takes more connections than it
 * has descriptors for. Prints its port, then each trouble, a line each.
 */
import { policyOf, startWorld } from '../../src/gateway/proxy/support.ts';

const say = (line: string | number): unknown => process.stdout.write(`${line}\n`);
const [, , destination, bound] = process.argv;
const limits = bound === 'unbounded' ? { connections: 1_000_000 } : {};
const world = await startWorld(policyOf({ to: ['echo.example'], ports: [Number(destination)] }), {
  limits,
  onTrouble: say,
});
say(world.port);
