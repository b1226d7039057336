// The Machine behind a byte stream with an agent at its other end, whatever carries the stream.
import { createInterface } from 'node:readline';
import type { Duplex, Readable, Writable } from 'node:stream';
import { bounded, PATIENCE_MS } from './bounded.ts';
import { CommandLog } from './command-log.ts';
import type { Machine, RunOptions, RunResult } from './machine.ts';
import type { Event, Request } from './protocol.ts';
import { RemoteProcess } from './remote-process.ts';

const FILE_TIMEOUT_MS = PATIENCE_MS; // a binary of 100 MB takes about 3 s through an emulated serial port
const REBOOT_TIMEOUT_MS = PATIENCE_MS; // 20 s on an idle machine
const START_TIMEOUT_MS = PATIENCE_MS; // nsenter and execve under emulation: milliseconds, unless the machine is stuck

/** What differs between the kinds of machine. */
export interface Surroundings {
  disposable: boolean;
  node: string;
  labDirectory: string;
  binary: string;
  consoleLog(): string;
  /** Waits until it is down, and starts it again. */
  startAgain?(): Promise<Duplex>;
  close(): Promise<void>;
}

export class AgentMachine implements Machine {
  #surroundings: Surroundings;
  #output: Writable;
  #nextId = 1;
  #processes = new Map<number, RemoteProcess>();
  #files = new Map<number, { resolve: (base64: string) => void; reject: (error: Error) => void }>();
  #hello = Promise.withResolvers<void>();
  #log = new CommandLog();
  #isGone = false;

  constructor(input: Readable, output: Writable, surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#output = output;
    this.#listen(input);
  }

  /** Resolves when the agent has said that it is there, since the last boot. */
  get hello(): Promise<void> {
    return this.#hello.promise;
  }

  async spawn(argv: string[], options: RunOptions = {}): Promise<RemoteProcess> {
    this.#requireMachine(argv.join(' '));
    const process = new RemoteProcess(this.#nextId++, argv, request => this.#send(request));
    this.#processes.set(process.id, process);
    this.#send({ op: 'spawn', id: process.id, argv, ...options });
    await bounded(process.started, START_TIMEOUT_MS, `start of ${argv.join(' ')}`);
    return process;
  }

  async run(
    argv: string[],
    options: RunOptions & { input?: string; timeoutMs?: number } = {},
  ): Promise<RunResult> {
    const { input = '', timeoutMs = PATIENCE_MS, ...rest } = options;
    const process = await this.spawn(argv, rest);
    process.end(input);
    try {
      return await bounded(process.exited, timeoutMs, argv.join(' '));
    } catch (error) {
      process.kill('SIGKILL');
      throw error;
    }
  }

  async must(
    argv: string[],
    options: RunOptions & { input?: string; timeoutMs?: number } = {},
  ): Promise<string> {
    const result = await this.run(argv, options);
    if (result.code === 0) return result.stdout;
    const end = result.code === null ? `signal ${result.signal}` : `exit ${result.code}`;
    throw new Error(`${argv.join(' ')}: ${end}\n${result.stdout}${result.stderr}`);
  }

  async readFile(path: string): Promise<string> {
    const base64 = await this.#file(id => ({ op: 'read', id, path }), path);
    return Buffer.from(base64, 'base64').toString();
  }

  async writeFile(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
    const base64 = Buffer.from(content).toString('base64');
    await this.#file(id => ({ op: 'write', id, path, base64, mode }), path);
  }

  get disposable(): boolean {
    return this.#surroundings.disposable;
  }

  get node(): string {
    return this.#surroundings.node;
  }

  get labDirectory(): string {
    return this.#surroundings.labDirectory;
  }

  get binary(): string {
    return this.#surroundings.binary;
  }

  log(): string {
    return `${this.#surroundings.consoleLog()}\n${this.#log}`;
  }

  close(): Promise<void> {
    return this.#surroundings.close();
  }

  async reboot(): Promise<void> {
    const { startAgain } = this.#surroundings;
    if (startAgain === undefined) throw new Error("Only a guest with init: 'systemd' can be rebooted.");
    await this.spawn(['systemctl', 'reboot']);
    const stream = await startAgain();
    this.#hello = Promise.withResolvers();
    this.#output = stream;
    this.#listen(stream);
    await bounded(this.hello, REBOOT_TIMEOUT_MS, 'reboot of the guest');
  }

  mark(title: string): void {
    this.#log = new CommandLog(title);
  }

  #listen(input: Readable): void {
    const output = this.#output;
    this.#isGone = false;
    output.on('error', () => {}); // reported by the 'close' below
    createInterface({ input })
      .on('line', line => this.#receive(line))
      .on('close', () => {
        if (this.#output !== output) return;
        this.#isGone = true;
        this.#lost('the machine ended');
      });
  }

  async #file(request: (id: number) => Request, what: string): Promise<string> {
    this.#requireMachine(what);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#files.set(id, { resolve, reject });
    this.#send(request(id));
    return bounded(promise, FILE_TIMEOUT_MS, what);
  }

  /** What is asked of a machine that is gone would be waited for in vain. */
  #requireMachine(what: string): void {
    if (this.#isGone)
      throw new Error(`${what}: the machine has ended. ${this.#surroundings.consoleLog().slice(-500)}`);
  }

  #send(request: Request): void {
    if (request.op === 'spawn')
      this.#log.note(request.id, `${request.netns ?? '-'} $ ${request.argv.join(' ')}`);
    if (request.op === 'kill') this.#log.note(request.id, `kill ${request.signal}`);
    this.#output.write(`${JSON.stringify(request)}\n`);
  }

  #receive(line: string): void {
    const event = JSON.parse(line) as Event;
    if (event.event === 'hello') {
      this.#lost('the machine started anew');
      this.#hello.resolve();
      return;
    }
    const file = this.#files.get(event.id);
    if (file !== undefined) {
      this.#files.delete(event.id);
      if (event.event === 'failed') file.reject(new Error(event.message));
      else if (event.event === 'done') file.resolve(event.base64 ?? '');
      return;
    }
    if (event.event === 'stdout' || event.event === 'stderr') this.#log.note(event.id, event.text.trimEnd());
    if (event.event === 'exit') this.#log.note(event.id, `exit ${event.code ?? event.signal}`);
    if (event.event === 'failed') this.#log.note(event.id, event.message);
    this.#processes.get(event.id)?.receive(event);
    if (event.event === 'exit' || event.event === 'failed') this.#processes.delete(event.id);
  }

  #lost(why: string): void {
    for (const process of this.#processes.values())
      process.fail(new Error(`${process.argv.join(' ')}: ${why}`));
    for (const { reject } of this.#files.values()) reject(new Error(why));
    this.#processes.clear();
    this.#files.clear();
  }
}
