import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadState, rememberSysctls, saveState } from '../../../src/lib/store/state-file.ts';
import { contentsOf, tempDir } from '../../helpers/temp-dir.ts';

describe('what was remembered', () => {
  test('nothing, when there is no file', () => {
    expect(loadState(tempDir())).toEqual({ sysctlsBefore: {} });
  });

  test('survives being written and read', () => {
    const directory = tempDir();
    const state = { sysctlsBefore: { 'net.ipv4.vs.conntrack': '0' } };
    expect([saveState(directory, state), saveState(directory, state)]).toEqual([true, false]);
    expect(loadState(directory)).toEqual(state);
    expect(contentsOf(directory)).toEqual({
      'state.json': '{\n  "version": 1,\n  "sysctlsBefore": {\n    "net.ipv4.vs.conntrack": "0"\n  }\n}\n',
    });
  });

  test('the value before our first change stays; later ones are our own', () => {
    const directory = tempDir();
    rememberSysctls(directory, { 'net.ipv4.vs.conntrack': '0' });
    rememberSysctls(directory, { 'net.ipv4.vs.conntrack': '1', 'net.ipv4.vs.expire_nodest_conn': '0' });
    expect(loadState(directory).sysctlsBefore).toEqual({
      'net.ipv4.vs.conntrack': '0',
      'net.ipv4.vs.expire_nodest_conn': '0',
    });
  });
});

describe('a file that cannot be used: one sentence says why, and how to go on without it', () => {
  test.each([
    ['empty', '', 'Unexpected end of JSON input'],
    [
      'cut off',
      '{"version":1,"sysctlsBefore":{',
      "Expected property name or '}' in JSON at position 30 (line 1 column 31)",
    ],
    ['of a later version', '{"version":2,"sysctlsBefore":{}}', 'it is not a state file of version 1'],
    ['a list', '[]', 'it is not a state file of version 1'],
    ['null', 'null', 'it is not a state file of version 1'],
    ['without the values', '{"version":1}', 'it is not a state file of version 1'],
    [
      'values that are no texts',
      '{"version":1,"sysctlsBefore":{"net.ipv4.vs.conntrack":0}}',
      'it is not a state file of version 1',
    ],
  ])('%s', (_, text, why) => {
    const directory = tempDir();
    const path = join(directory, 'state.json');
    writeFileSync(path, text);
    expect(() => loadState(directory)).toThrow(
      expect.objectContaining({
        code: 'state-unusable',
        message: `${path} cannot be used: ${why}`,
        suggestions: [
          `move it away: mv ${path} ${path}.broken (kernel parameters are then not put back by clean)`,
        ],
      }),
    );
  });

  test('a directory', () => {
    const directory = tempDir();
    mkdirSync(join(directory, 'state.json'));
    expect(() => loadState(directory)).toThrow(`${directory}/state.json is a directory`);
  });
});
