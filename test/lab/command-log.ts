// Every command that the lab gave to a machine, with what it answered: what to read when a scenario failed.

export class CommandLog {
  #lines: string[];

  constructor(title = 'boot') {
    this.#lines = [`== ${title}`];
  }

  /** `id` tells which of the programs that run at the same time a line belongs to. */
  note(id: number, text: string): void {
    const time = new Date().toISOString().slice(14, 23); // minutes:seconds are enough to see what waited for what
    this.#lines.push(`${time} [${id}] ${text}`);
  }

  toString(): string {
    return this.#lines.join('\n');
  }
}
