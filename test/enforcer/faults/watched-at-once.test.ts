import { faultSuite } from '../fault-suite.ts';
import { watched } from '../worlds.ts';

await faultSuite('at once', watched('nft'));
