/** A public address, and the names that lead to it. */
export const SITE = '93.184.216.34';
export const NAMED: readonly string[] = ['allowed.example', 'other.example'];
