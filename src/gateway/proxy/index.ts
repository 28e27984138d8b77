export { DEFAULT_LIMITS, type Limits } from './arrivals.ts';
export { type Credential, tokenDigest } from './credentials.ts';
export { narrowestFlow } from './flow-text.ts';
export type { Tls } from './http-side.ts';
export { type NoOriginalDestination, type OriginalDestination, originalDestination } from './original-destination.ts';
export { EgressProxy, type Listener, type ProxySettings } from './proxy.ts';
export { SPEECH_OF_PORTS, type Speech } from './services.ts';
