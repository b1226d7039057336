// Where the daemon's log goes: standard output, whatever is behind it. A full disk, a reader that has gone, or one that
// does not read must neither end the daemon nor keep it from ending.
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** A reader that is behind by so much has stopped. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** What is written at the end has this long. */
const END_MS = 500;

export class LogOutput {
  readonly #direct = directDescriptor();
  #lost = 0;

  constructor() {
    process.stdout.on('error', () => {}); // told to nobody: this is where it would be told
  }

  write(line: string): void {
    if (this.#lost === 0) {
      this.#put(line);
      return;
    }
    const lost = this.#lost;
    this.#lost = 0;
    if (this.#put(`{"level":"warn","message":"${lost} lines of the log were lost before this one"}\n`))
      this.#put(line);
    else this.#lost += lost;
  }

  /** Waits for the reader, not for long; then what it has not read is given up. */
  async end(): Promise<void> {
    if (process.stdout.writableLength === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    process.stdout.once('drain', resolve);
    const timer = setTimeout(resolve, END_MS);
    await promise;
    clearTimeout(timer);
    if (process.stdout.writableLength > 0) process.exit();
  }

  #put(line: string): boolean {
    const done = this.#direct === undefined ? this.#written(line) : writtenTo(this.#direct, line);
    if (!done) this.#lost += 1;
    return done;
  }

  #written(line: string): boolean {
    const { destroyed, writableLength } = process.stdout;
    if (destroyed || writableLength > MAX_WAITING_BYTES) return false;
    process.stdout.write(line);
    return true;
  }
}

/**
 * What Node's stream serves badly: it ends with the first write to a file that fails, though the disk may have room again, and
 * waits for a terminal that is stopped (Ctrl-S). The terminal is opened anew, as O_NONBLOCK is shared with the shell otherwise.
 */
function directDescriptor(): number | undefined {
  if (fstatSync(1).isFile()) return 1;
  if (!isatty(1)) return undefined;
  try {
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined; // a terminal of another user: its stream is all there is
  }
}

function writtenTo(descriptor: number, line: string): boolean {
  try {
    return writeSync(descriptor, line) === Buffer.byteLength(line);
  } catch {
    return false;
  }
}
