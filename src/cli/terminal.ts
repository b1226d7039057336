// What standard output is, and redrawing on it.

/** What redraws itself needs a terminal, and one that says how wide it is (a serial console says 0). */
export function canRedraw(): boolean {
  return process.stdout.isTTY && process.stdout.columns >= MIN_COLUMNS;
}

const MIN_COLUMNS = 40;

// Control sequences of ECMA-48 and xterm, which consoles and terminal multiplexers know.
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'; // other screen, no cursor, long lines are cut instead of broken
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/**
 * One text after the other in the same place, each in one write, so that nothing flickers. What a terminal showed
 * before is there again at the end, followed by the last text.
 */
export class Screen {
  #text: string | undefined;
  readonly #redraw = (): void => this.#draw();

  show(text: string): void {
    if (text === this.#text) return;
    if (this.#text === undefined) {
      process.stdout.write(ENTER);
      process.stdout.on('resize', this.#redraw);
    }
    this.#text = text;
    this.#draw();
  }

  end(): void {
    if (this.#text === undefined) return;
    process.stdout.off('resize', this.#redraw);
    process.stdout.write(`${LEAVE}${this.#text}`);
    this.#text = undefined;
  }

  #draw(): void {
    process.stdout.write(frameOf(this.#text ?? '', process.stdout.rows));
  }
}

/** The text from the upper left corner on; lines that the terminal has no room for are counted. */
export function frameOf(text: string, rows: number): string {
  const lines = text.trimEnd().split('\n');
  const hidden = lines.length - rows;
  const shown = hidden > 0 ? [...lines.slice(0, rows - 1), `... ${hidden + 1} more lines`] : lines;
  return `${HOME}${shown.map(line => `${line}${CLEAR_LINE}`).join('\n')}${CLEAR_BELOW}`;
}
