/** What the outer world of the gateway's tests is: addresses that are public, and none of anybody's here. */
export const OUTER = {
  /** All of them on one machine: the resolver, and what serves HTTP and HTTPS. */
  addresses: [
    '9.9.9.9',
    '8.8.8.8',
    '93.184.216.34',
    '93.184.216.66',
    '169.254.169.254',
    '2606:2800:220:1::1',
    '2001:4860:4860::8888',
  ],
  way4: '198.18.0.2', // the next hop, RFC 2544's block
  way6: 'fd00:18::2',
} as const;

/** That the policy names. */
export const RESOLVER = '9.9.9.9';

export const HOST = { way4: '198.18.0.1', way6: 'fd00:18::1' } as const;

/** What the resolver knows. `rebind` and `metadata` stand for what nobody may reach by a name. */
export const NAMES: Readonly<Record<string, readonly string[]>> = {
  'allowed.example': ['93.184.216.34', '2606:2800:220:1::1'],
  'evil.example': ['93.184.216.66'],
  'rebind.example': ['127.0.0.1', '10.0.0.1', '::1', '::ffff:127.0.0.1'],
  'metadata.example': ['169.254.169.254'],
  'own.example': [HOST.way4],
  'mail.example': ['93.184.216.34'],
};
