// The real Prometheus and its promtool, which scripts/setup unpacks, and what they say of rules, pages and queries.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const CACHE = join(import.meta.dirname, '../../.cache');

function program(name: 'prometheus' | 'promtool'): string {
  const path = join(CACHE, name);
  if (!existsSync(path)) throw new Error(`${path} is missing: run scripts/setup as root`);
  return path;
}

export interface PromtoolOptions {
  readonly cwd?: string;
  readonly input?: string;
}

/** What it prints and how it ends; promtool's warnings are on stderr, with exit code 3. */
export function promtool(args: readonly string[], options: PromtoolOptions = {}) {
  const { status, stdout, stderr } = spawnSync(program('promtool'), args, { ...options, encoding: 'utf8' });
  return { status, stdout, stderr };
}

export interface Result {
  readonly metric: Readonly<Record<string, string>>;
  /** Of an instant query, [time, value]. */
  readonly value: readonly [number, string];
}

/** A Prometheus on loopback that scrapes nothing and has what was recorded. */
export class Prometheus {
  readonly #process: ChildProcess;
  readonly #url: string;

  private constructor(process: ChildProcess, address: string) {
    this.#process = process;
    this.#url = `http://${address}`;
  }

  /** `openMetrics`: samples with their times, in seconds. `directory` is the caller's, and empty. */
  static async withSamples(directory: string, openMetrics: string): Promise<Prometheus> {
    const [samples, data, config] = ['samples', 'data', 'prometheus.yml'].map(name => join(directory, name));
    if (samples === undefined || data === undefined || config === undefined) throw new Error('no paths');
    mkdirSync(data);
    writeFileSync(samples, openMetrics);
    writeFileSync(config, '{}\n');
    const made = promtool(['tsdb', 'create-blocks-from', 'openmetrics', samples, data]);
    if (made.status !== 0) throw new Error(`promtool made no blocks: ${made.stdout}${made.stderr}`);
    const child = spawn(
      program('prometheus'),
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${data}`,
        '--storage.tsdb.retention.time=100y',
        '--web.listen-address=127.0.0.1:0',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    try {
      return new Prometheus(child, await addressOf(child));
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Throws what Prometheus says of a query that it does not understand. */
  async query(expr: string, time: number): Promise<readonly Result[]> {
    const response = await fetch(`${this.#url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expr, time: String(time) }),
    });
    const { status, error, data } = (await response.json()) as {
      status: string;
      error?: string;
      data: { resultType: string; result: Result[] };
    };
    if (status !== 'success') throw new Error(`${expr}: ${error}`);
    if (data.resultType !== 'vector') throw new Error(`${expr}: is a ${data.resultType}`);
    return data.result;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise(resolve => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
  }
}

/** It listens on a port that the kernel has chosen, and answers once it is ready; it says so in either order. */
async function addressOf(child: ChildProcess): Promise<string> {
  const lines: string[] = [];
  let address: string | undefined;
  let isReady = false;
  if (child.stderr === null) throw new Error('no output to read');
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    address ??= /msg="Listening on" address=(\S+)/.exec(line)?.[1];
    isReady ||= line.includes('Server is ready');
    if (address !== undefined && isReady) return address;
  }
  throw new Error(`prometheus ended:\n${lines.join('\n')}`);
}
