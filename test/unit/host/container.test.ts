// Whether what we see is the host, or a container's picture of it.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seesTheHost } from '../../../src/lib/host/container.ts';

const MODULE = join(import.meta.dirname, '../../../src/lib/host/container.ts');
const ASK = `import { seesTheHost } from '${MODULE}'; console.log(seesTheHost())`;
const NAMESPACE = ['--pid', '--fork', '--mount-proc', '--map-root-user'];

const canUnshare = (() => {
  try {
    execFileSync('unshare', [...NAMESPACE, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!canUnshare)('not in a pid namespace of its own', () => {
  const node = [process.execPath, '--input-type=module', '--eval', ASK];
  expect(execFileSync('unshare', [...NAMESPACE, ...node], { encoding: 'utf8' })).toBe('false\n');
});

test('not where it cannot be told', () => {
  expect(seesTheHost('/nonexistent')).toBe(false);
});
