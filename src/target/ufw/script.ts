/** What our own list of commands begins with: it is the same each time, so that the reader knows it and passes over it. */
export const PROLOGUE = `#!/bin/sh
# Written by Portcullis: the policy as commands of ufw, in an order in which nobody is locked out. For a machine whose ufw has no rules yet
# and is not enabled; on any other copy the files and run \`ufw reload\` instead: that is one short gap, and leaves no rule of before.
set -eu
cd "$(dirname "$0")"
export LC_ALL=C
if ! ufw status | grep -qx 'Status: inactive' || ! ufw show added | grep -qx '(None)'; then
  echo 'ufw is enabled or has rules already: nothing was changed' >&2
  exit 3
fi
install -m 0640 etc/ufw/before.rules etc/ufw/before6.rules etc/ufw/after.rules etc/ufw/after6.rules /etc/ufw/
`;
