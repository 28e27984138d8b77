/** What the gateway held at one time of a soak. */
export interface Look {
  readonly kind: 'look';
  readonly when: 'rest' | 'load';
  readonly seconds: number; // from the beginning
  readonly memoryKiB: number; // resident, of all its processes
  readonly descriptors: number; // likewise
}

/** The last line of a soak. */
export interface SoakDone {
  readonly kind: 'done';
  readonly did: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}
