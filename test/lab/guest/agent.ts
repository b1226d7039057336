// The lab's hands inside a machine: starts processes and reads and writes files for the host side.
// Speaks protocol.ts over stdin and stdout, which are a virtio serial port (QEMU) or pipes (the host itself).
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Event, Request } from '../protocol.ts';

const children = new Map<number, ChildProcess>();

function send(event: Event): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function start(request: Extract<Request, { op: 'spawn' }>): void {
  const { id, argv, netns, env, cwd } = request;
  // nsenter replaces itself by the program, so that the pid reported is the program's own.
  const enter = netns === undefined ? [] : ['nsenter', `--net=/run/netns/${netns}`, '--'];
  const [file = '', ...rest] = [...enter, ...argv];
  const child = spawn(file, rest, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' });
  children.set(id, child);
  child.stdin.on('error', () => {}); // the program may end before it has read everything
  child.stdout.setEncoding('utf8').on('data', (text: string) => send({ event: 'stdout', id, text }));
  child.stderr.setEncoding('utf8').on('data', (text: string) => send({ event: 'stderr', id, text }));
  child.on('spawn', () => send({ event: 'spawned', id, pid: child.pid ?? 0 }));
  child.on('error', error => {
    if (child.pid === undefined) finish(id, { event: 'failed', id, message: error.message });
  });
  // 'exit' may come before the last output, 'close' waits for grandchildren that hold the pipes: exit, then a grace.
  child.on('exit', (code, signal) => {
    const exited: Event = { event: 'exit', id, code, signal };
    const grace = setTimeout(() => finish(id, exited), 500);
    child.on('close', () => {
      clearTimeout(grace);
      finish(id, exited);
    });
  });
}

function finish(id: number, event: Event): void {
  if (children.delete(id)) send(event);
}

function handle(request: Request): void {
  const { id } = request;
  if (request.op === 'spawn') {
    start(request);
  } else if (request.op === 'stdin') {
    const stdin = children.get(id)?.stdin;
    stdin?.write(request.text);
    if (request.end) stdin?.end();
  } else if (request.op === 'kill') {
    children.get(id)?.kill(request.signal);
  } else if (request.op === 'read') {
    send({ event: 'done', id, base64: readFileSync(request.path, 'base64') });
  } else {
    writeFileSync(request.path, Buffer.from(request.base64, 'base64'), { mode: request.mode });
    send({ event: 'done', id });
  }
}

send({ event: 'hello' });
createInterface({ input: process.stdin })
  .on('line', line => {
    const request = JSON.parse(line) as Request;
    try {
      handle(request);
    } catch (error) {
      send({ event: 'failed', id: request.id, message: String(error) });
    }
  })
  .on('close', () => {
    // The host side is gone. What it started must not outlive it.
    for (const child of children.values()) child.kill('SIGKILL');
    process.exit(0);
  });
