// status --bundle on a host of the test's: secrets stand wherever somebody may have put them, and none of them gets in.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runProgram } from '../helpers/run-program.ts';
import { canSeal } from '../helpers/sealed-host.ts';
import { SECRETS } from '../helpers/secrets.ts';
import { contentsOf, tempDir } from '../helpers/temp-dir.ts';

const PLANTED = SECRETS.map(({ text }) => text).join('\n');
const EVENT = {
  time: '2026-03-01T03:12:05.000Z',
  object: 'real server 10.0.0.13:6443',
  from: 'ready',
  to: 'dead',
};

/** A script that prints every secret, with a line by which the test knows that it ran. */
function planted(path: string, line: string): void {
  writeFileSync(path, `#!/bin/sh\ncat <<'EOF'\n${line}\n${PLANTED}\nEOF\n`);
  chmodSync(path, 0o755);
}

/** Answers each request with every secret. */
const DAEMON = `
import { createServer } from 'node:http';
import { readFileSync, writeFileSync } from 'node:fs';
const [, , secrets, ready] = process.argv;
createServer((request, response) => response.end('page ' + request.url + '\\n' + readFileSync(secrets, 'utf8')))
  .listen(8004, '127.0.0.1', () => writeFileSync(ready, ''));
`;

function host(): { directory: string; under: string[] } {
  const directory = tempDir();
  const path = (name: string): string => join(directory, name);
  for (const name of ['bin', 'etc', 'etc/systemd', 'etc/systemd/system', 'persist']) mkdirSync(path(name));
  writeFileSync(path('etc/passwd'), 'root:x:0:0::/:/bin/sh\n');
  writeFileSync(path('etc/os-release'), `NAME=Planted\n${PLANTED}\n`);
  writeFileSync(path('etc/systemd/system/bcs-apiserver-proxy-daemon.service'), `[Service]\n${PLANTED}\n`);
  writeFileSync(path('persist/ipvsConfig.yaml'), `vs: 10.99\n# ${PLANTED.replaceAll('\n', '\n# ')}\n`);
  const events = SECRETS.map(({ text }) => ({ ...EVENT, why: text }));
  writeFileSync(path('persist/state.json'), JSON.stringify({ version: 1, sysctlsBefore: {}, events }));
  planted(path('bin/systemctl'), 'Id=bcs-apiserver-proxy-daemon.service');
  planted(path('bin/journalctl'), 'a line of the journal');
  writeFileSync(path('secrets'), PLANTED);
  writeFileSync(path('daemon.mjs'), DAEMON);
  const script = [
    'mount -t tmpfs none /run && mkdir -p /run/systemd/system',
    `mount --bind ${directory}/etc /etc`,
    'ip link set lo up',
    `${process.execPath} ${directory}/daemon.mjs ${directory}/secrets ${directory}/ready & daemon=$!`,
    `while [ ! -e ${directory}/ready ]; do sleep 0.05; done`,
    `PATH=${directory}/bin:$PATH "$@"; code=$?`,
    'kill $daemon; exit $code',
  ].join('\n');
  const unshare = ['unshare', '--net', '--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
  return {
    directory,
    under: [...unshare, 'sh', '-ec', script.replace('"$@"; code=$?', '"$@" && code=0 || code=$?'), 'sh'],
  };
}

describe.skipIf(!canSeal)('a bundle', () => {
  test('has everything in it, and no secret', () => {
    const { directory, under } = host();
    const persistDir = join(directory, 'persist');
    const file = join(directory, 'ticket.tar.gz');
    const { stdout, stderr, exitCode } = runProgram(['status', '--no-probe', '--bundle', file], {
      persistDir,
      under,
    });
    expect(stderr).toBe('');
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(
      new RegExp(`\\n\\nbundle: ${file}, \\d+ files, \\d+ KiB; look at it before you share it\\n$`),
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const out = join(directory, 'out');
    mkdirSync(out);
    execFileSync('tar', ['-xzf', file, '-C', out, '--strip-components=1']);
    const contents = contentsOf(out);
    for (const [name, line] of [
      ['files/os-release', 'NAME=Planted'],
      ['files/bcs-apiserver-proxy-daemon.service', '[Service]'],
      ['files/ipvsConfig.yaml', 'vs: 10.99'],
      ['files/state.json', 'sysctlsBefore'],
      ['systemd/units.txt', 'Id=bcs-apiserver-proxy-daemon.service'],
      ['systemd/journal.txt', 'a line of the journal'],
      ['daemon/status.json', 'page /status'],
      ['daemon/metrics.txt', 'page /metrics'],
      ['netlink/addresses.txt', '127.0.0.1'],
      ['status.json', '"schemaVersion": 2'],
      ['status.txt', 'last events, times in UTC'],
      ['versions.txt', 'bcs-apiserver-proxy 0.'],
    ] as const) {
      expect(contents[name], name).toContain(line);
      expect(contents['MANIFEST.txt']).toContain(name);
    }
    const leaks = Object.entries(contents).flatMap(([name, text]) =>
      SECRETS.filter(({ secret }) => text.includes(secret)).map(({ form }) => `${form} in ${name}`),
    );
    expect(leaks).toEqual([]);
  });
});

test('a file that exists is refused before anything is looked at', () => {
  const file = join(tempDir(), 'ticket.tar.gz');
  writeFileSync(file, 'evidence');
  expect(runProgram(['status', '--bundle', file])).toEqual({
    exitCode: 64,
    stdout: '',
    stderr: `Error: --bundle ${file}: it exists; give another name, or remove it\n`,
  });
});
