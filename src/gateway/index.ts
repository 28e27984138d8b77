export { type AccessRequest, hostText, type RequestState } from './access-requests.ts';
export { Admission, type Carried } from './admission.ts';
export { clientSettings, type SettingsFile } from './client-settings.ts';
export {
  type Controlled,
  controlServer,
  type Health,
  type OpenConnection,
  type Reloaded,
  type ShownRequest,
} from './control.ts';
export { type Addresses, type Dialled, dial } from './dial.ts';
export { DNS_BUDGET_LIMITS, type DnsBudgetLimits } from './dns/budgets.ts';
export { AddressFeed, type AddressSink, type FeedSettings, type OpenedAddress } from './dns/feed.ts';
export type { LocalNames } from './dns/local.ts';
export { ALLOWABLE_DNS_TYPES, type AllowableDnsType, DEFAULT_DNS_TYPES } from './dns/record-type.ts';
export {
  RESOLVER_LIMITS,
  Resolver,
  type ResolverLimits,
  type ResolverSettings,
  type Silence,
  type Split,
} from './dns/resolver.ts';
export { DNS_TCP_LIMITS, type DnsListen, DnsServer, type DnsServerSettings, type DnsTcpLimits } from './dns/server.ts';
export { DnsService, type DnsServiceSettings } from './dns/service.ts';
export type { Upstream } from './dns/upstream.ts';
export { Gatekeeper, type GatekeeperSettings } from './gatekeeper.ts';
export { Gateway, type GatewayParts } from './gateway.ts';
export type { WhoAsks } from './identity.ts';
export { FileJournal, type Journal, SyslogJournal } from './journal.ts';
export { GatewayMetrics } from './metrics.ts';
export { ownAddresses } from './own-addresses.ts';
export { type OriginalDestination, originalDestination, type Tls, tokenDigest } from './proxy/index.ts';
export type { GatewayRecord, Reason, Way } from './record.ts';
export type { Refusal } from './refusal.ts';
export type { Client, Clock, Unread, Wanted } from './wanted.ts';
