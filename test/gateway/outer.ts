/** What the outer world of the gateway's tests is: addresses that are public, and none of anybody's here. */
export const OUTER = {
  /** All of them on one machine: the resolver, and what serves HTTP, HTTPS, SSH and a relay. */
  addresses: [
    '9.9.9.9',
    '8.8.8.8',
    '93.184.216.0/24',
    '93.184.217.0/24',
    '151.101.0.0/16',
    '10.77.0.0/24', // a company's, with a resolver of its own
    '169.254.169.254',
    '2606:2800:220:1::1',
    '2001:4860:4860::8888',
  ],
  way4: '198.18.0.2', // the next hop, RFC 2544's block
  way6: 'fd00:18::2',
} as const;

/** That the policy names. */
export const RESOLVER = '9.9.9.9';

/** That the policy names for `corp.example`, and what only this one knows. */
export const CORP_RESOLVER = '10.77.0.53';
export const CORP_NAMES: Readonly<Record<string, readonly string[]>> = {
  'files.corp.example': ['10.77.0.9'],
  'rogue.corp.example': ['10.77.0.66'], // where no flow leads
};

/** An address that the policy itself gives a name. */
export const NAS = '10.77.0.10';

/** Where nothing leads: whatever arrives there has got past. */
export const UNTOUCHED = { 4: '8.8.8.8', 6: '2001:4860:4860::8888' } as const;

export const HOST = { way4: '198.18.0.1', way6: 'fd00:18::1' } as const;

export const ALLOWED = '93.184.216.34';
export const EVIL = '93.184.216.66'; // an attacker's
export const GIT = '93.184.216.40';
export const THEIRS = '93.184.216.41';
const RELAY = '93.184.216.50';

/** What the resolver knows of names that behave; `rebind` and its like stand for what nobody may reach by a name. */
export const NAMES: Readonly<Record<string, readonly string[]>> = {
  'allowed.example': [ALLOWED, '2606:2800:220:1::1'],
  'evil.example': [EVIL],
  'approved.example': [EVIL], // for a while
  'mail.example': [ALLOWED],
  'git.example': [GIT],
  'theirs.example': [THEIRS],
  'relay.example': [RELAY],
  'lots.example': Array.from({ length: 200 }, (_, at) => `93.184.217.${at + 1}`),
  'rebind.example': ['127.0.0.1', '10.0.0.1', '::1', '::ffff:127.0.0.1'],
  'private.example': ['192.168.0.1', 'fd00:7::1', 'fe80::1', '64:ff9b::7f00:1', '2002:7f00:1::'],
  'metadata.example': ['169.254.169.254'],
  'own.example': [HOST.way4],
};
