// `daemon --check`: a configuration is judged and described; nothing is changed and nobody is asked.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatPersisted } from '../../src/lib/store/persisted-set.ts';
import { hostFiles, jsonOf, runProgram } from '../helpers/run-program.ts';
import { aSpec } from '../helpers/specs.ts';
import { contentsOf, tempDir } from '../helpers/temp-dir.ts';

const CHECK = ['daemon', '--check'];

function fileWith(text: string): string {
  const path = join(tempDir(), 'proxy.yaml');
  writeFileSync(path, text);
  return path;
}

test('what the daemon would run with, from file, flags and persisted set', () => {
  const before = hostFiles();
  const persistDir = tempDir();
  writeFileSync(join(persistDir, 'ipvsConfig.yaml'), formatPersisted(aSpec()));
  const files = contentsOf(persistDir);
  const file = fileWith('probeInterval: 5s\nlisten: none\nserver: https://10.0.0.11:6443\n');
  const { exitCode, stdout, stderr } = runProgram([...CHECK, '-f', file, '--fall', '3'], { persistDir });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout.split('\n').slice(0, 6)).toEqual([
    'virtual server  10.99.0.1:6443, scheduler sh',
    'masters         10.0.0.11:6443, 10.0.0.12:6443, 10.0.0.13:6443',
    'discovery       endpoints, through https://10.0.0.11:6443',
    'probe           GET /readyz, every 5 s, limit 1 s, rise 2, fall 3, hang time 4 s',
    'HTTP            none',
    `persisted in    ${persistDir}`,
  ]);
  expect(stdout).toMatch(/^first pass {6}\S.*$/m);
  expect(stdout).toMatch(/the configuration is valid\n$/);
  expect(hostFiles()).toEqual(before);
  expect(contentsOf(persistDir)).toEqual(files);
});

test('as JSON', () => {
  const outcome = runProgram([...CHECK, '--json', '--vs', '10.99.0.1:6443', '--probe', 'tcp']);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  expect(jsonOf(outcome)).toMatchObject({
    valid: true,
    settings: { masters: 'none known yet', discovery: "endpoints, through the pod's service account" },
    firstPass: 'no master is known before discovery answers',
    notes: [],
  });
});

test.each([
  ['vs: 10.99.0.1:6443\nfall: 0\n', 'key fall'],
  ['vs: 10.99.0.1:6443\nprobeIntervall: 5s\n', 'probeIntervall'],
  ['vs: 10.99.0.1:6443\ncaFile: /nonexistent\n', 'there is no such file'],
])('%j is refused as the daemon would refuse it', (text, sentence) => {
  const args = ['daemon', '-f', fileWith(text)];
  const checked = runProgram([...args, '--check']);
  expect(checked).toMatchObject({ exitCode: 64, stdout: '' });
  expect(checked.stderr).toContain(sentence);
  expect(runProgram(args)).toEqual(checked);
});
