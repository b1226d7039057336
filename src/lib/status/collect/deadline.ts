// One time limit for everything that is asked. A machine in trouble is slow, and so is what runs on it: time in which
// this process did not get to look at an answer is not held against those who answered.

/** Coarse: on a slow machine each step is late by some milliseconds. */
const STEP_MS = 250;

export interface Deadline {
  /** Aborts when so much time has passed in which answers could have been read. */
  readonly signal: AbortSignal;
  /** For how long, in all, this process did not get to run until now. */
  lateMs(): number;
}

/** Keeps no process from ending. */
export function startDeadline(milliseconds: number): Deadline {
  const controller = new AbortController();
  let left = Math.ceil(milliseconds / STEP_MS);
  let late = 0;
  // However long the process was busy, that is one step: the next one is set behind it, when sockets were read.
  const next = (): void => {
    const dueAt = performance.now() + STEP_MS;
    setTimeout(() => {
      late += Math.max(0, performance.now() - dueAt);
      left -= 1;
      if (left > 0) next();
      else controller.abort();
    }, STEP_MS).unref();
  };
  next();
  return { signal: controller.signal, lateMs: () => Math.round(late) };
}
