/**
 * Where things lie. These are constants, not settings: whoever could name another folder to what runs as root could have it
 * write there. Tests bring their own file system instead (a mount namespace).
 */
export interface Paths {
  readonly state: string; // confirmed changes, the pending one, the ledger; root's alone
  readonly run: string; // gone after a reboot
  readonly units: string; // systemd's, of the administrator: /usr/lib is the distribution's
  readonly systemd: string; // is there where systemd runs (sd_booted(3))
  readonly initScripts: string;
  readonly bootScripts: string; // links to those that run at boot, before any run level
  readonly proc: string;
}

export const SYSTEM_PATHS: Paths = {
  state: '/var/lib/portcullis',
  run: '/run/portcullis',
  units: '/etc/systemd/system',
  systemd: '/run/systemd/system',
  initScripts: '/etc/init.d',
  bootScripts: '/etc/rcS.d',
  proc: '/proc',
};

/** What was ever planned, begun, confirmed, taken back and rehearsed on this machine. */
export const LEDGER_FILE = `${SYSTEM_PATHS.state}/ledger.jsonl`;

/** Where root looks for programs, whatever the caller's PATH says. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
