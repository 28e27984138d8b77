import { formatAddress } from '../net/index.ts';
import { interfacesTo, ownAddresses } from './addresses.ts';
import { bootState } from './boot.ts';
import { connectionsOf } from './connections.ts';
import { listTracked } from './conntrack.ts';
import type { Context } from './context.ts';
import { hidesRules, iptablesTables, rulesChecksum } from './iptables.ts';
import { readTrial } from './kernel.ts';
import { parseLedger } from './ledger.ts';
import { isThere, listRuleset, listRulesetAsText } from './nft.ts';
import type { Paths } from './paths.ts';
import type { Connection, HostSnapshot, Listener, PendingChange, SnapshotRequest, StoredState } from './protocol.ts';
import { sessionsOf } from './sessions.ts';
import { isListening, readSockets, type Socket } from './sockets.ts';
import { type Pending, told } from './state.ts';
import { readOwn } from './store.ts';
import { savedSets, savedSwitch, isThere as switchIsThere } from './trial-set.ts';

/** What there is to know of this machine; changes nothing. @throws Refusal where the kernel cannot be asked */
export async function snapshot(context: Context, { callerPid, connections }: SnapshotRequest): Promise<HostSnapshot> {
  const { proc } = context.paths;
  // The checksum first: a rule that changes before the listing makes `begin` refuse, one that changed before both is in the plan.
  const hasNft = isThere();
  const terse = await rulesChecksum(proc);
  const { ruleset, limits: unlisted } = hasNft ? await listRuleset() : NOTHING_LISTED;
  const iptables = await iptablesTables(hasNft ? ruleset : undefined, proc);
  const trialSet = await savedSwitch();
  const sets = iptables.tables.some(({ text }) => text.includes('--match-set ')) ? await savedSets() : undefined;
  const addresses = await ownAddresses();
  const own = typeof addresses === 'string' ? [] : addresses;
  const sockets = readSockets(proc);
  const tracked = connections ? await listTracked(proc) : [];
  const live = connectionsOf(
    typeof tracked === 'string' ? [] : tracked,
    sockets,
    new Set(own.map(({ address }) => address)),
  );
  const { sessions, limits } = sessionsOf(live, sockets, callerPid, proc);
  const interfaces = await interfacesTo(
    [...(connections ? live : []), ...sessions.map(({ connection }) => connection)].flatMap(
      (each) => peerOf(each) ?? [],
    ),
  );
  const onInterface = (connection: Connection): Connection => {
    const found = interfaces.get(peerOf(connection) ?? '');
    return found === undefined ? connection : { ...connection, interface: found };
  };
  return {
    ruleset,
    ...(hidesRules(ruleset) ? { text: await listRulesetAsText() } : {}),
    terse,
    trialHolder: (await switchIsThere()) ? 'kernel' : 'process',
    iptables: iptables.tables,
    ...(typeof sets === 'object' ? sets : {}),
    ...(trialSet === undefined ? {} : { trialSet }),
    connections: connections ? live.map(onInterface) : [],
    listeners: sockets.filter(isListening).map(listener),
    sessions: sessions.map((session) => ({ ...session, connection: onInterface(session.connection) })),
    addresses: own.map(({ address, bits, interface: name }) => `${address}/${bits} ${name}`),
    state: await storedState(context),
    limits: [addresses, tracked, sets]
      .filter((each) => typeof each === 'string')
      .concat(unlisted, limits, iptables.limits),
  };
}

/** What `nft -j list ruleset` says where there is nothing: a machine with iptables alone has no `nft` to say it. */
const NOTHING_LISTED = {
  ruleset: '{"nftables": []}',
  limits: ['`nft` is not installed: rules that iptables does not show were not looked at'],
};

function peerOf({ hook, src, dst }: Connection): string | undefined {
  return hook === 'input' ? src : hook === 'output' ? dst : undefined;
}

function listener({ protocol, local, uid, owner }: Socket): Listener {
  return {
    family: local.address.family,
    protocol,
    address: formatAddress(local.address),
    port: local.port,
    uid,
    ...(owner === undefined ? {} : { program: owner.program }),
  };
}

/** What is on disk, and how much of a trial is left; changes nothing. @throws Refusal where the kernel cannot be asked */
export async function storedState({ state, paths, bootId }: Context): Promise<StoredState> {
  const problems: string[] = [];
  const pending = told(problems, () => state.readPending());
  const { changes, problems: altered } = state.confirmed();
  problems.push(...altered);
  const number = told(problems, () => state.currentNumber());
  const current = changes.find((change) => change.number === number);
  if (number !== undefined && current === undefined && altered.length === 0) {
    problems.push(`change ${number} is loaded at boot, but it is not there`);
  }
  const ledger = told(problems, () => parseLedger(readOwn(state.ledger) ?? ''));
  for (const line of ledger?.altered ?? [])
    problems.push(`the ledger was altered before line ${line}: \`${state.ledger}\``);
  return {
    ...(current === undefined ? {} : { current }),
    history: changes,
    ...(pending === undefined ? {} : { pending: await pendingChange(pending, paths, bootId) }),
    boot: bootState(paths),
    problems,
  };
}

async function pendingChange(pending: Pending, paths: Paths, bootId: string): Promise<PendingChange> {
  const trial = await readTrial(paths, pending);
  const remainingSeconds = trial.kind === 'running' && pending.bootId === bootId ? trial.remainingSeconds : 0;
  const { meta, trialSeconds, heldBy } = pending;
  return { ...meta, trialSeconds, heldBy, remainingSeconds, bootId: pending.bootId };
}
