export { tokenDigest } from './credentials.ts';
export type { Tls } from './http-side.ts';
export { type OriginalDestination, originalDestination } from './original-destination.ts';
export { EgressProxy, type Listener } from './proxy.ts';
