export { type ChangeFault, proveChange, type WrittenChange } from './prove-change.ts';
