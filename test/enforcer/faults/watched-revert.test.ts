import { faultSuite } from '../fault-suite.ts';
import { watched } from '../worlds.ts';

await faultSuite('revert', watched('nft'));
