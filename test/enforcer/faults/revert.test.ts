import { faultSuite } from '../fault-suite.ts';

await faultSuite(['revert']);
