// status --wait: ends with the first look after which connections work, and at the end of its time at the latest.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { PROGRAM, runProgram } from '../helpers/run-program.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { Pki } from '../unit/discovery/pki.ts';

const pki = new Pki();
afterAll(() => pki.remove());

/** Nobody listens there. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('nothing works: it looks again until the time is over, and the exit code is that of the last look', async () => {
  const vs = `127.0.0.1:${await freePort()}`;
  const { exitCode, stdout } = runProgram(['status', '--vs', vs, '--brief', '--wait', '1s']);
  expect(exitCode).toBe(2);
  expect(stdout.trimEnd().split('\n'), 'only the last look is shown').toHaveLength(1);
});

test('it ends with the first look that is answered through the virtual server', async () => {
  const { key, cert } = pki.server(pki.authority(), 'IP:127.0.0.1');
  const apiserver = createTlsServer({ key, cert }, (_request, response) => response.end('ok'));
  let connections = 0;
  // One look is two connections; nobody answers the first.
  apiserver.on('connection', socket => {
    if (++connections <= 2) socket.destroy();
  });
  apiserver.listen(0, '127.0.0.1');
  await once(apiserver, 'listening');
  onTestFinished(() => {
    apiserver.close();
    apiserver.closeAllConnections();
  });

  const { port } = apiserver.address() as AddressInfo;
  const args = ['status', '--vs', `127.0.0.1:${port}`, '--brief', '--wait', '5m'];
  const [command = '', ...rest] = [...PROGRAM, ...args];
  const env = { PATH: process.env.PATH, BCS_APISERVER_PROXY_PERSIST_DIR: tempDir() };
  const waiting = spawn(command, rest, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void waiting.kill('SIGKILL'));
  let output = '';
  waiting.stdout.setEncoding('utf8').on('data', text => (output += text));
  const [code] = await once(waiting, 'close');
  expect([0, 1]).toContain(code);
  expect(connections).toBe(4);
  expect(output.trimEnd().split('\n')).toHaveLength(1);
});

test.each([
  [['--wait', '10'], '--wait 10: the unit is missing; write 10s or 10ms'],
  [['--wait', '10s', '--watch'], '--watch: not together with --wait; give one of them'],
])('%j is refused', (args, sentence) => {
  const { exitCode, stderr } = runProgram(['status', ...args]);
  expect(exitCode).toBe(64);
  expect(stderr).toContain(sentence);
});
