export {
  type Address,
  type AddressRange,
  addressAt,
  addressBits,
  type Family,
  formatAddress,
  highestAddress,
  isLoopback,
  parseAddress,
} from './address.ts';
export { type Disguised, disguised } from './disguised.ts';
export {
  type DnsName,
  type DnsPattern,
  formatDnsPattern,
  matchesDnsPattern,
  parseDnsName,
  parseDnsPattern,
} from './dns-name.ts';
export { type Authority, type Host, type NoHost, parseAuthority, parseHost } from './host-name.ts';
export {
  addressRange,
  formatPrefix,
  formatRange,
  type Prefix,
  type PrefixProblem,
  parsePrefix,
  prefix,
  prefixRange,
  range,
  rangePrefixes,
  wholeFamily,
} from './prefix.ts';
export {
  formatPortRange,
  ICMP_TYPES,
  ICMPV6_TYPES,
  PORT_PROTOCOLS,
  type PortRange,
  PROTOCOLS,
  type ProtocolName,
  parsePortRange,
  parseProtocol,
  protocolName,
} from './protocol.ts';
export {
  type Endpoint,
  ESTABLISHED,
  isSameEndpoint,
  LISTEN,
  type ProcSocket,
  parseProcSockets,
  parseSshConnection,
  type SshConnection,
} from './socket.ts';
