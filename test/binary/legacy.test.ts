// The old name of the tool, in each way in which a file can come to be called so, and no name at all.
import { linkSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../helpers/temp-dir.ts';
import { BINARY, type Outcome, runBinary } from './binary.ts';

const NAME = 'bcs-apiserver-proxy-tools';
const ARGS = ['-cmd', 'init', '-vs', 'vip:6443', '-rs', '10.0.0.11:6443'];
const EXPECTED: Outcome = {
  status: 64,
  stdout: '',
  stderr:
    'Note: this is the old form of: bcs-apiserver-proxy init --vs vip:6443 --rs 10.0.0.11:6443\n' +
    'Error: --vs vip:6443: "vip" is not an IP address (host names are not resolved); write VIP:PORT, for example 10.99.0.1:6443\n',
};

test('a symbolic link', () => {
  const binary = join(tempDir(), NAME);
  symlinkSync(BINARY, binary);
  expect(runBinary(ARGS, { binary })).toEqual(EXPECTED);
  expect(runBinary(['-cmd'], { binary })).toMatchObject({
    status: 64,
    stderr: 'Error: -cmd: its value is missing\n',
  });
  expect(runBinary([], { binary })).toMatchObject({ status: 64 });
});

test('a file of that name', () => {
  // A hard link, beside the binary because it must be on the same disk.
  const binary = join(dirname(BINARY), `${process.pid}-${NAME}`);
  linkSync(BINARY, binary);
  onTestFinished(() => rmSync(binary));
  expect(runBinary(ARGS, { binary })).toEqual(EXPECTED);
});

test('a name that only the caller gives', () => {
  const args = ['--norc', '-c', `exec -a ${NAME} "$@"`, 'bash', BINARY, '-cmd', 'delete'];
  expect(runBinary(args, { binary: 'bash' })).toMatchObject({
    status: 64,
    stderr: 'Error: -vs: the virtual server is missing; give -vs VIP:PORT, for example 10.99.0.1:6443\n',
  });
});

test('-cmd under our own name', () => {
  expect(runBinary(ARGS)).toEqual(EXPECTED);
});
