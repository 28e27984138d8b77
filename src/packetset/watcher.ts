/**
 * Who watches long work, which is never asynchronous: it calls these from inside. What they throw ends the work, and goes
 * to whoever began it; packet sets made on the way are of no use then.
 */
export interface Watcher {
  /** Some hundred times a second or more, wherever the work is. */
  readonly pulse: () => void;
  /** A part of the work begins that consists of so many alike, such as `rules`; it is told in this order, part after part. */
  readonly begin: (total: number, of: string) => void;
  /** One more of them is done. */
  readonly advance: () => void;
}

/** Nobody does. */
export const UNWATCHED: Watcher = { pulse: () => undefined, begin: () => undefined, advance: () => undefined };

/**
 * Ends the work once a signal is aborted, by throwing its reason. As no event comes through while the work goes on, whoever
 * aborts must do so in `listen`, which is called with every pulse: it looks at a deadline, or takes a message from another
 * thread (`receiveMessageOnPort` of node:worker_threads).
 */
export function abortable(signal: AbortSignal, listen: () => void, watcher: Watcher = UNWATCHED): Watcher {
  return {
    ...watcher,
    pulse: () => {
      listen();
      signal.throwIfAborted();
      watcher.pulse();
    },
  };
}
