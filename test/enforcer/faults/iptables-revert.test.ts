import { faultSuite } from '../fault-suite.ts';
import { IPTABLES } from '../worlds.ts';

await faultSuite(['revert'], IPTABLES);
