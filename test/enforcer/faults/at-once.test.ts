import { faultSuite } from '../fault-suite.ts';

await faultSuite(['at once']);
