// One time limit for everything that is asked. A machine in trouble is slow, and so is what runs on it: time in which
// this process did not get to look at an answer is not held against those who answered.

/** Coarse: on a slow machine each step is late by some milliseconds. */
const STEP_MS = 250;

/** Aborts when so much time has passed in which answers could have been read. Keeps no process from ending. */
export function startDeadline(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  let left = Math.ceil(milliseconds / STEP_MS);
  // However long the process was busy, that is one step: the next one is set behind it, when sockets were read.
  const step = (): void => {
    left -= 1;
    if (left > 0) setTimeout(step, STEP_MS).unref();
    else controller.abort();
  };
  setTimeout(step, STEP_MS).unref();
  return controller.signal;
}
