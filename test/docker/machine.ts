import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { findProgram } from '../../src/host/index.ts';
import { Docker } from '../apply/docker.ts';
import { skipWithout } from '../apply/others.ts';
import { Place } from '../enforcer/place.ts';
import { removeCgroups } from './cgroups.ts';

/** The other end of the machine's cable: a host of the internet, by documentation addresses (RFC 5737, RFC 3849). */
export const WORLD = { 4: '198.51.100.2', 6: '2001:db8:7::2' } as const;
export const MACHINE = { 4: '198.51.100.1', 6: '2001:db8:7::1' } as const;

const CABLE = `ip netns add world
ip link add eth0 type veth peer name eth0 netns world
ip addr add ${MACHINE[4]}/24 dev eth0; ip -6 addr add ${MACHINE[6]}/64 dev eth0 nodad; ip link set eth0 up
ip -n world addr add ${WORLD[4]}/24 dev eth0; ip -n world -6 addr add ${WORLD[6]}/64 dev eth0 nodad
ip -n world link set eth0 up; ip -n world link set lo up
ip route add default via ${WORLD[4]}; ip -6 route add default via ${WORLD[6]}
ip -n world route add default via ${MACHINE[4]}; ip -n world -6 route add default via ${MACHINE[6]}
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
`;

const IMAGE = `mkdir -p /run/image/bin
cp "$(command -v busybox)" /run/image/bin/busybox
for name in sh nc sleep httpd ip; do ln -s busybox /run/image/bin/$name; done
tar -C /run/image -c . | docker -H unix:///run/docker.sock import - probe
`;

/** Why no such machine can be here; false where it can. */
export function skipWithoutDocker(...more: readonly string[]): string | false {
  const missing = skipWithout('dockerd', 'docker', 'busybox', 'iptables-save', ...more);
  if (missing !== false) return missing;
  const busybox = findProgram('busybox');
  // A container has nothing but this program: one that asks for libraries would not start (ELF's PT_INTERP, elf(5)).
  const isStatic = busybox !== undefined && !readFileSync(busybox).subarray(0, 4096).includes('ld-linux');
  return isStatic ? false : 'SKIPPED, no container ran: `busybox` is not static; install `busybox-static`';
}

/** A machine on the internet with a real dockerd, and busybox as the only image. Everything of it ends with the test. */
export class DockerMachine {
  readonly place: Place;
  static #count = 0;
  readonly #cgroups: string; // below the root of each hierarchy
  readonly #settings: readonly string[];
  #docker: Docker;

  private constructor(place: Place, docker: Docker, cgroups: string, settings: readonly string[]) {
    this.place = place;
    this.#cgroups = cgroups;
    this.#docker = docker;
    this.#settings = settings;
  }

  get docker(): Docker {
    return this.#docker;
  }

  /** @param more settings of the daemon, beside those of the tests */
  static async open(more: readonly string[] = []): Promise<DockerMachine> {
    const place = await Place.open('root');
    const cgroups = `portcullis-${process.pid}-${++DockerMachine.#count}`;
    const settings = ['--cgroup-parent', `/${cgroups}`, ...more];
    try {
      await place.checked('sh', ['-ec', CABLE]);
      const docker = await Docker.start(place, settings);
      await place.checked('sh', ['-ec', IMAGE]);
      return new DockerMachine(place, docker, cgroups, settings);
    } catch (error) {
      await place[Symbol.asyncDispose]();
      await removeCgroups(cgroups);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.docker[Symbol.asyncDispose]();
    await this.place[Symbol.asyncDispose]();
    await removeCgroups(this.#cgroups);
  }

  /** Ends the daemon with everything that it runs, and starts it again. */
  async restartDaemon(): Promise<void> {
    await this.#docker[Symbol.asyncDispose]();
    await this.place.checked('rm', ['-f', '/run/dockerd.pid', '/run/docker/containerd/containerd.pid']);
    this.#docker = await Docker.start(this.place, this.#settings);
  }

  /** A container that answers on TCP port 80 of both families. @param args of `docker run` */
  async serve(name: string, ...args: readonly string[]): Promise<void> {
    await this.docker.checked('run', '-d', '--name', name, ...args, 'probe', '/bin/httpd', '-f', '-p', '[::]:80');
  }

  /** Whether a TCP connection can be opened from the world. */
  fromWorld(address: string, port: number): Promise<boolean> {
    return this.#opens(['ip', 'netns', 'exec', 'world'], address, port);
  }

  fromHost(address: string, port: number): Promise<boolean> {
    return this.#opens([], address, port);
  }

  fromContainer(name: string, address: string, port: number): Promise<boolean> {
    return this.#opens(['docker', '-H', 'unix:///run/docker.sock', 'exec', name, '/bin/busybox'], address, port);
  }

  /** Something that answers on TCP port `port` of both families in the world. */
  async worldListens(port: number): Promise<void> {
    await this.place.checked('sh', [
      '-c',
      `ip netns exec world setsid busybox httpd -p '[::]:${port}' </dev/null >/dev/null 2>&1`,
    ]);
  }

  async addressOf(container: string, network = 'bridge'): Promise<{ readonly 4: string; readonly 6: string }> {
    const text = await this.docker.output('inspect', container);
    const [found] = JSON.parse(text);
    const { IPAddress, GlobalIPv6Address } = found.NetworkSettings.Networks[network];
    return { 4: IPAddress, 6: GlobalIPv6Address };
  }

  async #opens(prefix: readonly string[], address: string, port: number): Promise<boolean> {
    const [program = '', ...args] = [
      ...prefix,
      ...(prefix.at(-1) === '/bin/busybox' ? [] : ['busybox']),
      'nc',
      '-w',
      '1',
      address,
      String(port),
    ];
    const { exitCode, stderr } = await this.place.run(program, args, '');
    assert.ok(exitCode === 0 || exitCode === 1, `${program} ${args.join(' ')}: ${stderr}`);
    return exitCode === 0;
  }
}
