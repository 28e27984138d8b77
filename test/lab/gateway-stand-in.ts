import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import koffi from 'koffi';

/**
 * Runs on the lab's host as root: listens in the gateway's place and under its account, lets the agent connect to many places, and says
 * where each connection that came was meant for. Arguments: the listening port, the two accounts, and the places as JSON.
 */

export interface Meant {
  readonly at: string; // the address that it came to
  readonly from: string;
  readonly original: string; // `address port`, as the kernel remembers it
}

const [port = 0, gateway = 0, agent = 0] = process.argv.slice(2, 5).map(Number);
const [places = '[]', role = 'gateway'] = process.argv.slice(5);

const SOL_IP = 0;
const SOL_IPV6 = 41;
const SO_ORIGINAL_DST = 80; // include/uapi/linux/netfilter_ipv4.h; IP6T_SO_ORIGINAL_DST is the same
const getsockopt = koffi
  .load(null)
  .func('int getsockopt(int fd, int level, int name, _Out_ void *value, _Inout_ uint32 *size)');

function originalOf(socket: Socket): string {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  const is6 = socket.localFamily === 'IPv6';
  const value = Buffer.alloc(28); // struct sockaddr_in6
  const size = [value.length];
  if (typeof fd !== 'number' || getsockopt(fd, is6 ? SOL_IPV6 : SOL_IP, SO_ORIGINAL_DST, value, size) !== 0)
    return `error ${koffi.errno()}`;
  const groups = Array.from({ length: 8 }, (_, at) => value.readUInt16BE(8 + 2 * at).toString(16));
  return `${is6 ? groups.join(':') : [...value.subarray(4, 8)].join('.')} ${value.readUInt16BE(2)}`;
}

async function asGateway(): Promise<void> {
  const heard: Meant[] = [];
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      heard.push({
        at: socket.localAddress ?? '',
        from: socket.remoteAddress ?? '',
        original: originalOf(socket),
      });
      socket.end('from the gateway');
    });
    server.listen({ host, port });
    await once(server, 'listening');
  }
  process.setgroups?.([]);
  process.setgid?.(gateway);
  process.setuid?.(gateway);
  const [said] = await once(process.stdin.setEncoding('utf8'), 'data');
  process.stdout.write(JSON.stringify({ heard, said, uid: process.getuid?.() }));
  process.exit(0);
}

/** Connects to each place and says what it heard there, or why not. */
async function asAgent(): Promise<void> {
  const wanted: readonly { readonly host: string; readonly port: number }[] = JSON.parse(places);
  const answers = await Promise.all(
    wanted.map(async (place) => {
      const socket = createConnection({ ...place, timeout: 3_000 });
      let text = '';
      socket.on('data', (data) => {
        text += String(data);
      });
      socket.on('timeout', () => socket.destroy(new Error('silence')));
      return new Promise<string>((resolve) => {
        socket.on('error', (error) => resolve(error.message));
        socket.on('end', () => resolve(text));
      });
    }),
  );
  process.stdout.write(JSON.stringify(answers));
}

async function asRoot(): Promise<void> {
  const own = process.argv[1] ?? '';
  const args = process.argv.slice(2, 6);
  const server = spawn(process.execPath, [own, ...args, 'listener'], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const client = spawn(process.execPath, [own, ...args, 'agent'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    uid: agent,
    gid: agent,
  });
  const answers = String((await once(client.stdout, 'data'))[0]);
  server.stdin.end(answers);
  process.stdout.write(String((await once(server.stdout, 'data'))[0]));
}

await (role === 'agent' ? asAgent() : role === 'listener' ? asGateway() : asRoot());
