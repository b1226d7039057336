// The packed binary runs where nothing has been prepared for it, and leaves nothing behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BINARY, type Outcome, runBinary } from './binary.ts';

const { SIGUSR1 } = constants.signals;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'binary-test-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Loads the native addon: every status opens a netlink socket. */
const status = (surroundings: Parameters<typeof runBinary>[1]): Outcome =>
  runBinary(['status', '--no-probe', '--persist-dir', join(directory, 'none')], surroundings);

describe('the packed binary', () => {
  test('leaves no file behind, not even of the native addon', () => {
    const home = join(directory, 'home');
    mkdirSync(home);
    const watched = ['/dev/shm', '/run', '/tmp', '/var/tmp', home];
    const list = () => watched.map(path => readdirSync(path));
    const before = list();
    const { stderr } = status({ env: { HOME: home } });
    expect(stderr).toBe('');
    expect(list()).toEqual(before);
  });

  test.each([
    ['without HOME', {}],
    ['with a HOME that does not exist', { HOME: '/nonexistent' }],
    ['with a NODE_OPTIONS that Node would refuse', { NODE_OPTIONS: '--no-such-option' }],
    ['with DEBUG for other programs', { DEBUG: '*' }],
    ['with a TMPDIR that does not exist', { TMPDIR: '/nonexistent' }],
  ])('runs %s', (_, env) => {
    expect(status({ env })).toEqual(status({}));
  });

  test.each([
    ['OPENSSL_CONF', 'an OpenSSL configuration that names an engine'],
    ['NODE_EXTRA_CA_CERTS', 'certificates to trust'],
    ['NODE_V8_COVERAGE', 'a directory to write to'],
    ['SSLKEYLOGFILE', 'a file for keys'],
  ])('%s does nothing (%s)', name => {
    const target = join(directory, 'target');
    mkdirSync(target);
    writeFileSync(join(target, 'file'), 'openssl_conf = missing_section\n');
    const plain = status({});
    for (const value of [target, join(target, 'file')]) {
      // Node may have a word on stderr about what it can no longer write.
      const { stdout, status: code } = status({ env: { [name]: value } });
      expect({ stdout, code }).toEqual({ stdout: plain.stdout, code: plain.status });
    }
    expect(readdirSync(target)).toEqual(['file']);
  });

  test('a variable of the runtime costs the others nothing', () => {
    const env = {
      NODE_EXTRA_CA_CERTS: '/nonexistent',
      BCS_APISERVER_PROXY_PERSIST_DIR: join(directory, 'there'),
    };
    const { stdout } = runBinary(['sync', '--dry-run', '--json'], { env });
    expect(stdout).toContain(join(directory, 'there'));
  });

  test('SIGUSR1 opens no inspector', async () => {
    const watching = spawn(BINARY, ['status', '--watch', '--no-probe'], {
      env: {},
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(watching.stdout, 'data');
    // Nobody in it waits for the signal: an inspector that is opened a moment later would not be seen below.
    const status = readFileSync(`/proc/${watching.pid}/status`, 'utf8');
    const [, caught = ''] = /^SigCgt:\s+([0-9a-f]+)$/m.exec(status) ?? [];
    expect((BigInt(`0x${caught}`) >> BigInt(SIGUSR1 - 1)) & 1n).toBe(0n);
    watching.kill('SIGUSR1');
    const listening = readFileSync(`/proc/${watching.pid}/net/tcp`, 'utf8')
      .split('\n')
      .filter(line => / 0A /.test(line));
    expect(listening.filter(line => line.includes(':240D '))).toEqual([]);
    watching.kill('SIGKILL');
  });

  test('runs in a directory that was removed', () => {
    const script = 'cd "$1" && rmdir "$1" && exec "$2" sync --help';
    const gone = join(directory, 'gone');
    mkdirSync(gone);
    const outcome = runBinary(['-c', script, 'sh', gone, BINARY], { binary: '/bin/sh' });
    expect(outcome).toEqual(runBinary(['sync', '--help']));
  });

  // Only root can become somebody else.
  test.runIf(process.getuid?.() === 0)('runs as a user without a passwd entry', () => {
    const args = ['--reuid=54321', '--regid=54321', '--clear-groups', BINARY, 'sync', '--help'];
    const outcome = runBinary(args, { binary: '/usr/bin/setpriv' });
    expect(outcome).toEqual(runBinary(['sync', '--help']));
  });

  test('runs under another name', () => {
    const binary = join(directory, 'apiserver-proxy');
    copyFileSync(BINARY, binary);
    expect(runBinary(['sync', '--help'], { binary })).toEqual(runBinary(['sync', '--help']));
  });

  test('writes no colours to a terminal when NO_COLOR is set', () => {
    const args = ['-qec', `${BINARY} status --no-probe`, '/dev/null'];
    const onTerminal = (env: NodeJS.ProcessEnv) => runBinary(args, { binary: '/usr/bin/script', env }).stdout;
    expect(onTerminal({ TERM: 'xterm' })).toContain('\u001b[');
    expect(onTerminal({ TERM: 'xterm', NO_COLOR: '1' })).not.toContain('\u001b[');
  });

  test('colours nothing that is not a terminal', () => {
    expect(status({}).stdout).not.toContain('\u001b');
  });
});
