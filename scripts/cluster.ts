// `scripts/cluster`: what it does with its arguments. The cluster itself is test/cluster/kit.
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { buildKubernetes } from '../test/cluster/kit/binaries.ts';
import { Cluster } from '../test/cluster/kit/cluster.ts';
import { ownerOf, SOCKET, sweep } from '../test/cluster/kit/leftovers.ts';
import { eventually } from '../test/lab/bounded.ts';

const ROOT = join(import.meta.dirname, '..');

interface Request {
  readonly where: 'kubectl' | 'worker';
  readonly args: readonly string[];
  /** Its stdin: ours where an argument is `-`. Elsewhere ours may be something that never ends. */
  readonly input: string;
}

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const [command = '', ...args] = process.argv.slice(2);
const COMMANDS: Readonly<Record<string, () => Promise<void> | void>> = {
  build: buildKubernetes,
  up,
  down,
  kubectl: () => ask('kubectl'),
  worker: () => ask('worker'),
  test: runScenarios,
};
const run = COMMANDS[command];
if (run === undefined)
  fail(`scripts/cluster: expected ${Object.keys(COMMANDS).join(', ')}; the script itself says more`);
await run();

async function up(): Promise<void> {
  takeDirectory();
  makeBinary();
  const from = performance.now();
  const tell = (what: string) => console.log(`${((performance.now() - from) / 1000).toFixed(0)} s: ${what}`);
  const cluster = await Cluster.start({ tell });
  if (!args.includes('--no-join')) {
    await cluster.join();
    tell('the worker has joined');
  }
  const server = createServer({ allowHalfOpen: true }, async socket => {
    const answer = await answerTo(cluster, (await json(socket)) as Request);
    socket.end(JSON.stringify(answer));
  }).listen(SOCKET);
  console.log(
    'In another terminal: scripts/cluster kubectl get nodes; scripts/cluster worker /root/bcs-apiserver-proxy status',
  );
  console.log('Ctrl-C ends it, and so does scripts/cluster down.');
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  server.close();
  await cluster.stop();
}

/** Whether it is up, or was left behind by something that was killed. */
async function down(): Promise<void> {
  const owner = ownerOf();
  if (owner !== undefined) {
    process.kill(owner, 'SIGTERM');
    await eventually(`the end of process ${owner}`, async () => ownerOf() === undefined);
  }
  await sweep();
  console.log(owner === undefined ? 'No cluster was up; nothing is left.' : 'The cluster is gone.');
}

async function answerTo(cluster: Cluster, request: Request): Promise<Answer> {
  try {
    if (request.where === 'kubectl')
      return { code: 0, stdout: cluster.kubectl(request.args, request.input), stderr: '' };
    const { code, stdout, stderr } = await cluster.worker.run([...request.args], {
      input: request.input,
      timeoutMs: 600_000,
    });
    return { code: code ?? 1, stdout, stderr };
  } catch (error) {
    const { status, stdout, stderr } = error as { status?: number; stdout?: string; stderr?: string };
    return {
      code: status ?? 1,
      stdout: stdout ?? '',
      stderr: stderr ?? `${error instanceof Error ? error.message : error}\n`,
    };
  }
}

async function ask(where: Request['where']): Promise<void> {
  if (ownerOf() === undefined || !existsSync(SOCKET)) fail('No cluster is up: scripts/cluster up');
  if (args.length === 0) fail(`scripts/cluster ${where}: what shall it run?`);
  const request: Request = { where, args, input: args.includes('-') ? await text(process.stdin) : '' };
  const socket = connect(SOCKET);
  socket.end(JSON.stringify(request));
  const { code, stdout, stderr } = (await json(socket)) as Answer;
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = code;
}

function runScenarios(): void {
  takeDirectory();
  makeBinary();
  const { status } = spawnSync('vitest', ['run', '--project', 'cluster', ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}

/** --kubernetes DIR, else what is built from Debian's source. */
function takeDirectory(): void {
  const index = args.indexOf('--kubernetes');
  const [, directory] = index < 0 ? [] : args.splice(index, 2);
  if (index >= 0 && directory === undefined) fail('--kubernetes: a directory is expected');
  if (directory !== undefined) process.env.CLUSTER_KUBERNETES = directory;
  if (!process.env.CLUSTER_KUBERNETES) buildKubernetes();
}

function makeBinary(): void {
  for (const script of ['build.ts', 'image.ts'])
    execFileSync('node', [join('scripts', script)], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
}

function fail(why: string): never {
  console.error(why);
  process.exit(1);
}
