import { faultSuite } from '../fault-suite.ts';
import { WATCHED } from '../worlds.ts';

// Not yet `at once`: where `iptables-save` fails near its end, the command does not end (docs/decisions/0009, "Known").
await faultSuite(['begin'], WATCHED);
