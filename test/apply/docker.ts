import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { Place } from '../enforcer/place.ts';

/** The real daemon, with all that it keeps in the place's own file systems. */
export class Docker {
  readonly #place: Place;
  readonly #ended: Promise<void>;

  private constructor(place: Place, ended: Promise<void>) {
    this.#place = place;
    this.#ended = ended;
  }

  /** @param settings of the daemon, beside those that keep it in the place */
  static async start(place: Place, settings: readonly string[] = []): Promise<Docker> {
    await place.checked('mkdir', ['-p', '/run/docker', '/var/lib/docker']);
    const [program, args] = place.commandLine('dockerd', [
      ...['--data-root', '/var/lib/docker', '--exec-root', '/run/docker', '--pidfile', '/run/dockerd.pid'],
      ...['-H', 'unix:///run/docker.sock', '--storage-driver', 'vfs', '--bip', '172.30.0.1/24'],
      ...['--default-address-pool', 'base=172.31.0.0/16,size=24', '--exec-opt', 'native.cgroupdriver=cgroupfs'],
      ...settings,
    ]);
    let said = '';
    const daemon = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    daemon.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-2_000);
    });
    const ended = new Promise<void>((resolve) => daemon.on('close', () => resolve()));
    const docker = new Docker(place, ended);
    for (let tries = 0; tries < 300; tries++) {
      if ((await docker.run('version')).exitCode === 0) return docker;
      if (daemon.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`dockerd did not start: ${said}`);
  }

  run(...args: readonly string[]) {
    return this.#place.run('docker', ['-H', 'unix:///run/docker.sock', ...args]);
  }

  async checked(...args: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await this.run(...args);
    assert.equal(exitCode, 0, stderr);
  }

  async output(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(...args);
    assert.equal(exitCode, 0, stderr);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#place.run('pkill', ['-KILL', 'dockerd|containerd']);
    await this.#ended;
  }
}
