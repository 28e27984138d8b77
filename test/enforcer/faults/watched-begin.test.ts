import { faultSuite } from '../fault-suite.ts';
import { WATCHED } from '../worlds.ts';

await faultSuite(['begin', 'at once'], WATCHED);
