// A Linux machine with IPVS that scenarios run on: a QEMU guest or the host itself, see boot.ts.
// Only the interface: everything above it is the same on both.

export interface RunOptions {
  /** Network namespace to run in; the machine's own when omitted. */
  netns?: string;
  env?: Record<string, string>;
  cwd?: string;
}

export interface RunResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A running program. Nothing here throws when it has already ended. */
export interface LabProcess {
  readonly pid: number;
  /** Output so far. */
  readonly stdout: string;
  readonly stderr: string;
  readonly exited: Promise<RunResult>;
  /** Lines of stdout from the first on, as they come; ends when the program does. */
  lines(): AsyncIterableIterator<string>;
  /** The first line of stdout, seen already or to come, that the predicate accepts. */
  waitForLine(accept: (line: string) => boolean, timeoutMs?: number): Promise<string>;
  write(text: string): void;
  end(text?: string): void;
  kill(signal?: NodeJS.Signals): void;
}

export interface Machine {
  /** Runs a program to its end. It is killed, and the promise rejected, after `timeoutMs` (default PATIENCE_MS). */
  run(argv: string[], options?: RunOptions & { input?: string; timeoutMs?: number }): Promise<RunResult>;
  /** Like `run`, and rejects unless the program exits with 0; resolves to its stdout. */
  must(argv: string[], options?: RunOptions & { input?: string; timeoutMs?: number }): Promise<string>;
  spawn(argv: string[], options?: RunOptions): Promise<LabProcess>;
  readFile(path: string): Promise<string>;
  writeFile(path: string, content: string | Buffer, mode?: number): Promise<void>;
  /** Whether scenarios may change anything on it: a guest, not somebody's host. */
  readonly disposable: boolean;
  /** Node on the machine. */
  readonly node: string;
  /** Directory of the lab's own programs and certificates on the machine. */
  readonly labDirectory: string;
  /** The packed binary on the machine. */
  readonly binary: string;
  /** Console output, then every command with what it answered: what to read when a test failed. */
  log(): string;
  /** Starts a new section of the log, so that a failing test shows its own commands only. */
  mark(title: string): void;
  /** Orderly, and only with `init: 'systemd'`: what ran is gone, what was written is there. */
  reboot(): Promise<void>;
  close(): Promise<void>;
}
