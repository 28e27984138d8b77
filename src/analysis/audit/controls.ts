/**
 * What auditors' frameworks ask for, as far as a firewall has to do with it. Titles are our own short words for what a control is
 * about; the numbers are those of
 *
 * - CIS Debian Linux 12 Benchmark 1.1.0 (as in ComplianceAsCode, controls/cis_debian12.yml),
 * - NIST SP 800-53 revision 5,
 * - PCI DSS 4.0, requirement 1,
 * - ISO/IEC 27001:2022, annex A,
 * - AICPA Trust Services Criteria 2017 (SOC 2), common criteria.
 *
 * A finding names the controls that it touches. That none is named does not mean that a control is met.
 */
export const CONTROLS = {
  'CIS-3.3.1': 'IP forwarding is off',
  'CIS-4.1.1': 'one firewall utility only',
  'CIS-4.2.5': 'UFW: outbound connections',
  'CIS-4.2.6': 'UFW: a rule for every open port',
  'CIS-4.2.7': 'UFW: default deny',
  'CIS-4.3.3': 'nftables: iptables are flushed',
  'CIS-4.3.7': 'nftables: outbound and established connections',
  'CIS-4.3.8': 'nftables: default deny',
  'CIS-4.3.9': 'nftables: the service is enabled',
  'CIS-4.3.10': 'nftables: the rules are permanent',
  'CIS-4.4.1.2': 'iptables: nftables is not in use beside it',
  'CIS-4.4.2.1': 'iptables: default deny',
  'CIS-4.4.2.3': 'iptables: outbound and established connections',
  'CIS-4.4.2.4': 'iptables: a rule for every open port',
  'CIS-4.4.3.1': 'ip6tables: default deny',
  'CIS-4.4.3.4': 'ip6tables: a rule for every open port',
  'NIST-SC-5': 'protection against denial of service',
  'NIST-SC-7': 'boundary protection',
  'NIST-SC-7(5)': 'deny by default, allow by exception',
  'NIST-SC-7(8)': 'traffic goes through authenticated proxies',
  'NIST-SC-7(10)': 'exfiltration is prevented',
  'NIST-SC-7(11)': 'incoming traffic only from authorised sources',
  'NIST-SC-7(12)': 'protection on the host itself',
  'NIST-SC-7(18)': 'it fails secure',
  'NIST-AC-4': 'information flow is enforced',
  'NIST-AC-17': 'remote access',
  'NIST-AU-12': 'audit records are generated',
  'NIST-CM-7': 'least functionality',
  'PCI-1.2.1': 'standards for rulesets are kept',
  'PCI-1.2.5': 'every allowed service has a business need',
  'PCI-1.2.7': 'rulesets are reviewed every six months',
  'PCI-1.2.8': 'stored configuration is what is active',
  'PCI-1.3.1': 'inbound traffic is restricted to what is necessary',
  'PCI-1.3.2': 'outbound traffic is restricted to what is necessary',
  'PCI-1.4.1': 'controls between trusted and untrusted networks',
  'PCI-1.4.2': 'inbound from untrusted networks: authorised services and replies only',
  'PCI-1.4.3': 'anti-spoofing',
  'PCI-1.4.4': 'stored data is not directly reachable from untrusted networks',
  'ISO-A.8.20': 'networks security',
  'ISO-A.8.21': 'security of network services',
  'ISO-A.8.22': 'segregation of networks',
  'SOC2-CC6.6': 'protection against threats from outside the system boundaries',
} as const satisfies Record<string, string>;

export type ControlId = keyof typeof CONTROLS;
