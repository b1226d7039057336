// Host side of one program that the agent runs: collects its output and tells who waits for a line or for its end.

import { PATIENCE_MS } from './bounded.ts';
import type { LabProcess, RunResult } from './machine.ts';
import type { Event, Request } from './protocol.ts';

export class RemoteProcess implements LabProcess {
  readonly id: number;
  readonly argv: string[];
  readonly exited: Promise<RunResult>;
  readonly started: Promise<void>;
  pid = 0;
  stdout = '';
  stderr = '';
  #ended = false;
  #start = Promise.withResolvers<void>();
  #exit = Promise.withResolvers<RunResult>();
  #wake = new Set<() => void>();
  #send: (request: Request) => void;

  constructor(id: number, argv: string[], send: (request: Request) => void) {
    this.id = id;
    this.argv = argv;
    this.#send = send;
    this.started = this.#start.promise;
    this.exited = this.#exit.promise;
    this.exited.catch(() => {}); // not everybody waits for the end
  }

  receive(event: Event): void {
    if (event.event === 'spawned') {
      this.pid = event.pid;
      this.#start.resolve();
    } else if (event.event === 'stdout') this.stdout += event.text;
    else if (event.event === 'stderr') this.stderr += event.text;
    else if (event.event === 'exit') {
      this.#ended = true;
      this.#exit.resolve({
        code: event.code,
        signal: event.signal,
        stdout: this.stdout,
        stderr: this.stderr,
      });
    } else if (event.event === 'failed') this.fail(new Error(`${this.argv.join(' ')}: ${event.message}`));
    for (const wake of this.#wake) wake();
  }

  fail(error: Error): void {
    this.#ended = true;
    this.#start.reject(error);
    this.#exit.reject(error);
    for (const wake of this.#wake) wake();
  }

  async *lines(): AsyncIterableIterator<string> {
    let from = 0;
    while (true) {
      const end = this.stdout.indexOf('\n', from);
      if (end >= 0) {
        yield this.stdout.slice(from, end);
        from = end + 1;
      } else if (this.#ended) return;
      else await this.#change();
    }
  }

  async waitForLine(accept: (line: string) => boolean, timeoutMs = PATIENCE_MS): Promise<string> {
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      for (const wake of this.#wake) wake();
    }, timeoutMs);
    try {
      for (let from = 0; ; ) {
        const end = this.stdout.indexOf('\n', from);
        if (end >= 0) {
          const line = this.stdout.slice(from, end);
          if (accept(line)) return line;
          from = end + 1;
        } else if (this.#ended || expired) {
          const why = this.#ended ? 'it ended' : `${timeoutMs} ms passed`;
          throw new Error(
            `${this.argv.join(' ')}: ${why} without the line waited for; output:\n${this.#output()}`,
          );
        } else await this.#change();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  write(text: string): void {
    this.#send({ op: 'stdin', id: this.id, text, end: false });
  }

  end(text = ''): void {
    this.#send({ op: 'stdin', id: this.id, text, end: true });
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#send({ op: 'kill', id: this.id, signal });
  }

  #output(): string {
    return `${this.stdout}${this.stderr}`;
  }

  #change(): Promise<void> {
    return new Promise(resolve => {
      const wake = () => {
        this.#wake.delete(wake);
        resolve();
      };
      this.#wake.add(wake);
    });
  }
}
