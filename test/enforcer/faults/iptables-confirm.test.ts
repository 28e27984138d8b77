import { faultSuite } from '../fault-suite.ts';
import { iptables } from '../worlds.ts';

await faultSuite('confirm', iptables('nft'));
