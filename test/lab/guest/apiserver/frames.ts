// How the events of a watch lie in the pieces that arrive: TCP and proxies cut and join them as they like.
import type { Writable } from 'node:stream';

/** As they come, each cut in pieces, or several in one piece. */
export type Frames = 'whole' | 'cut' | 'joined';

const PAUSE_MS = 20;
const JOIN_MS = 200;

export class FrameWriter {
  readonly #to: Writable;
  readonly #frames: Frames;
  #pieces: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(to: Writable, frames: Frames) {
    this.#to = to;
    this.#frames = frames;
  }

  write(line: string): void {
    if (this.#frames === 'whole') {
      this.#to.write(line);
      return;
    }
    if (this.#frames === 'joined') this.#pieces = [this.#pieces.join('') + line];
    else this.#pieces.push(...cut(line));
    this.#timer ??= setTimeout(() => this.#next(), this.#frames === 'joined' ? JOIN_MS : 0);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#to.end(this.#pieces.join(''));
  }

  #next(): void {
    this.#to.write(this.#pieces.shift() ?? '');
    this.#timer = this.#pieces.length === 0 ? undefined : setTimeout(() => this.#next(), PAUSE_MS);
  }
}

/** Within an address as well as within a name; the last piece has the end of this line and nothing else. */
function cut(line: string): string[] {
  const third = Math.ceil(line.length / 3);
  return [line.slice(0, third), line.slice(third, 2 * third), line.slice(2 * third)];
}
