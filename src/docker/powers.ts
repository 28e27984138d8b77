/** What looks like a secret by the name of its variable; the value is never looked at, but that there is one. */
const SECRET = /(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|PRIVATE_KEY|ACCESS_KEY|CREDENTIALS?)$/i;

export function secretsAmong(environment: ReadonlyMap<string, string | undefined>): readonly string[] {
  return [...environment]
    .filter(([name, value]) => SECRET.test(name) && value !== undefined && value !== '' && !/_FILE$/.test(name))
    .map(([name]) => name)
    .sort();
}

/** Whether a mounted path leads to the daemon's socket. */
export function isDockerSocket(path: string): boolean {
  return /(?:^|\/)(?:docker|podman)\.sock$/.test(path);
}

/** `cap_net_admin` and `NET_ADMIN` are one (capabilities(7)). */
export function capability(word: string): string {
  return word.toUpperCase().replace(/^CAP_/, '');
}
