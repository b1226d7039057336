// The last transitions, for `status`: kept in state.json, written when something happened and at no other time.
//
// INVARIANTS:
// - At most one write a second: a burst is written once, a second after it began, or by flush().
// - What else the file holds is read anew for each write; `init` may have changed it meanwhile.
// - A failure to write is told when it begins, not every second, and stops nothing; it is tried again.

import { formatHostPort, type HostPort } from '../model/address.ts';
import { describeStep } from '../reconcile/steps.ts';
import { loadState, type NodeEvent, putAsideIfDamaged, saveState, statePath } from '../store/state-file.ts';
import { listener, type Telemetry } from '../telemetry.ts';

export const MAX_EVENTS = 100;
const VIRTUAL_SERVER = 'virtual server';
const WRITE_AFTER_MS = 1000;
/** A disk that is full or read-only does not change sooner. */
const RETRY_MS = 30_000;
const REPAIR_EVERY_MS = 60_000;

export class EventLog {
  readonly telemetry: Telemetry;
  readonly #directory: string;
  readonly #problem: Telemetry['problem'];
  #events: readonly NodeEvent[];
  #timer: NodeJS.Timeout | undefined;
  #failing = false;
  #repairedAt = Number.NEGATIVE_INFINITY;

  /** Goes on from what the file holds. `problem` is told what fails; nothing here throws. */
  constructor(directory: string, problem: Telemetry['problem']) {
    this.#directory = directory;
    this.#problem = problem;
    this.#events = this.#attempt('reading', () => loadState(directory).events) ?? [];
    this.#attempt('replacing', () => putAsideIfDamaged(directory));
    const last = this.#events.findLast(({ object }) => object === VIRTUAL_SERVER);
    // The daemon that held did not live to see the end. If it still holds, it says so again.
    if (last?.to === 'held') this.#add(VIRTUAL_SERVER, 'held', 'serving', 'another daemon began');
    this.telemetry = listener({
      changed: ({ realServer, from, to, reason }) => this.#add(nameOf(realServer), from, to, reason),
      discovered: (added, left) => {
        for (const realServer of added)
          this.#add(nameOf(realServer), 'absent', 'named', 'discovery names it');
        for (const realServer of left)
          this.#add(nameOf(realServer), 'named', 'left', 'discovery no longer names it');
      },
      forgotten: realServer =>
        this.#add(nameOf(realServer), 'left', 'gone', 'neither discovery nor the kernel has it'),
      held: holding =>
        holding
          ? this.#add(VIRTUAL_SERVER, 'serving', 'held', 'every real server looks dead')
          : this.#add(VIRTUAL_SERVER, 'held', 'serving', 'a real server answers again'),
      repaired: step => this.#addRepair(describeStep(step)),
    });
  }

  /** Oldest first. */
  get events(): readonly NodeEvent[] {
    return this.#events;
  }

  /** Writes what is not written yet, before it returns. */
  flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempt('writing', () =>
      saveState(this.#directory, { ...loadState(this.#directory), events: this.#events }),
    );
    if (this.#failing) this.#timer = setTimeout(() => this.flush(), RETRY_MS).unref();
  }

  /** Somebody may undo it each second: one a minute tells that. */
  #addRepair(why: string): void {
    const now = Date.now();
    if (now - this.#repairedAt < REPAIR_EVERY_MS) return;
    this.#repairedAt = now;
    this.#add(`kernel, ${VIRTUAL_SERVER}`, 'changed', 'repaired', why);
  }

  #add(object: string, from: string, to: string, why: string): void {
    const event = { time: new Date().toISOString(), object, from, to, why };
    this.#events = [...this.#events, event].slice(-MAX_EVENTS);
    this.#timer ??= setTimeout(() => this.flush(), WRITE_AFTER_MS).unref();
  }

  #attempt<T>(verb: string, use: () => T): T | undefined {
    try {
      const result = use();
      this.#failing = false;
      return result;
    } catch (error) {
      if (!this.#failing) this.#problem(`${verb} events, ${statePath(this.#directory)}`, error);
      this.#failing = true;
      return undefined;
    }
  }
}

function nameOf(realServer: HostPort): string {
  return `real server ${formatHostPort(realServer)}`;
}
