export { BUDGET_LIMITS, type BudgetLimits } from './budgets.ts';
export { AddressFeed, type AddressSink, type FeedSettings, type OpenedAddress } from './feed.ts';
export type { LocalNames } from './local.ts';
export { ALLOWABLE_TYPES, type AllowableType, DEFAULT_TYPES } from './record-type.ts';
export { RESOLVER_LIMITS, Resolver, type ResolverLimits, type ResolverSettings, type Split } from './resolver.ts';
export { DnsServer, type DnsServerSettings, type Listen, TCP_LIMITS, type TcpLimits } from './server.ts';
export { DnsService, type DnsServiceSettings } from './service.ts';
export type { Upstream } from './upstream.ts';
