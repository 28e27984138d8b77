export { ImportTooLarge } from './found-flows.ts';
export { type Imported, type ImportedFlow, type ImportInput, importPolicy, type LeftOut } from './import-policy.ts';
export { realPackets } from './scope.ts';
