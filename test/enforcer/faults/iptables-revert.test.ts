import { faultSuite } from '../fault-suite.ts';
import { iptables } from '../worlds.ts';

await faultSuite('revert', iptables('legacy'));
