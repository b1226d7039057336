// The single things that a task does, each known beforehand: a dry run names them, and does none.
import { inTurnAwaited } from './task.ts';

/** Something to do; without a line it is not worth a word. */
export interface Action {
  readonly line?: string;
  /** May return a promise. */
  run(): unknown;
}

/** Returns the lines of what was done, or would be. */
export function perform(actions: readonly Action[], dryRun: boolean): Promise<string[]> {
  return inTurnAwaited(actions, async ({ line, run }) => {
    if (!dryRun) await run();
    return line;
  });
}
