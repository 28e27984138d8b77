export { Admission, type Carried } from './admission.ts';
export { clientSettings, type SettingsFile } from './client-settings.ts';
export { type Addresses, type Dialled, dial } from './dial.ts';
export { Gatekeeper, type GatekeeperSettings } from './gatekeeper.ts';
export type { WhoAsks } from './identity.ts';
export type { GatewayRecord, Reason, Way } from './record.ts';
export type { Refusal } from './refusal.ts';
export type { Client, Clock, Unread, Wanted } from './wanted.ts';
