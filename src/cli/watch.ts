// Looking again and again until somebody ends it: a text that redraws itself on a terminal, elsewhere a line whenever
// something changed.
import { setTimeout as delay } from 'node:timers/promises';
import { errnoCode, ignoreAbort } from '../lib/errors.ts';
import { Screen } from './terminal.ts';

export interface Look {
  /** For a terminal. */
  readonly text: string;
  /** The same in one line that stays the same while nothing changes. */
  readonly brief: string;
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ends at SIGINT, SIGTERM, SIGHUP, or when nobody reads any more; what a look throws ends it, too. */
export async function watch(
  look: () => Promise<Look>,
  { intervalMs, redraw }: { intervalMs: number; redraw: boolean },
): Promise<void> {
  const end = new AbortController();
  const stop = (): void => end.abort();
  const stopUnread = (error: Error): void => {
    if (errnoCode(error) !== 'EPIPE') throw error;
    stop();
  };
  for (const signal of ENDING) process.on(signal, stop);
  process.stdout.on('error', stopUnread);
  const display = redraw ? new Screen() : new ChangedLines();
  try {
    while (!end.signal.aborted) {
      const seen = await unlessAborted(look(), end.signal);
      if (seen !== undefined) display.show(redraw ? seen.text : seen.brief);
      await delay(intervalMs, undefined, { signal: end.signal }).catch(ignoreAbort);
    }
  } finally {
    display.end();
    for (const signal of ENDING) process.off(signal, stop);
  }
}

/** Each line with its time, and only when it is another one than before. */
class ChangedLines {
  #last: string | undefined;

  show(line: string): void {
    if (line === this.#last) return;
    this.#last = line;
    process.stdout.write(`${new Date().toISOString()} ${line}\n`);
  }

  end(): void {}
}

/** Undefined when aborted: the prompt does not wait for masters that do not answer. */
async function unlessAborted<T>(wait: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const stop = (): void => resolve(undefined);
  signal.addEventListener('abort', stop);
  try {
    return await Promise.race([wait, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
