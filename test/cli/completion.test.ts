// `completion` prints the script and nothing else.
import { expect, test } from 'vitest';
import manifest from '../../oclif.manifest.json' with { type: 'json' };
import packageJson from '../../package.json' with { type: 'json' };
import { commandTable } from '../../src/lib/completion/command-table.ts';
import { completionScript, SHELLS } from '../../src/lib/completion/script.ts';
import { CONDITIONS } from '../../src/lib/status/conditions.ts';
import { jsonOf, runProgram } from '../helpers/run-program.ts';

const codes = CONDITIONS.map(({ code }) => code);
const commands = commandTable(manifest, packageJson.name, codes);

test.each(SHELLS)('completion %s', shell => {
  const script = completionScript(shell, { bin: packageJson.name, version: packageJson.version, commands });
  expect(runProgram(['completion', shell])).toEqual({ exitCode: 0, stdout: script, stderr: '' });
  expect(jsonOf(runProgram(['completion', shell, '--json']))).toEqual({ shell, script });
});
