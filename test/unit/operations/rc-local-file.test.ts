// /etc/rc.local on disk: contents in whatever encoding, mode, symbolic links.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withBlock, withoutBlock } from '../../../src/lib/host/rc-local.ts';
import { editRcLocal, type RcLocalChange } from '../../../src/lib/operations/rc-local-file.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const install: RcLocalChange = file => withBlock(file, 'proxy sync');

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('a file that is not there is made executable, and removed again', () => {
  const path = join(tempDir(), 'rc.local');
  const edit = editRcLocal(install, path);
  edit?.check();
  edit?.apply();
  expect(modeOf(path)).toBe(0o755);
  expect(edit).toMatchObject({ addsBlock: true, removesFile: false, replacesOriginal: false });
  expect(editRcLocal(install, path), 'a second time').toBeUndefined();
  const removal = editRcLocal(withoutBlock, path);
  expect(removal).toMatchObject({ addsBlock: false, removesFile: true });
  removal?.apply();
  expect(existsSync(path)).toBe(false);
  expect(editRcLocal(withoutBlock, path), 'a second time').toBeUndefined();
});

test.each([0o755, 0o644, 0o600, 0o700])('mode %o and bytes of any encoding come back', mode => {
  const path = join(tempDir(), 'rc.local');
  const bytes = Buffer.from([...Buffer.from('#!/bin/sh\n# '), 0xd6, 0xd0, 0xce, 0xc4, 0xff, 0x0a]);
  writeFileSync(path, bytes);
  chmodSync(path, mode);
  editRcLocal(install, path)?.apply();
  expect(modeOf(path)).toBe(mode | ((mode & 0o444) >> 2));
  expect(readFileSync(path).includes('# BEGIN bcs-apiserver-proxy\n')).toBe(true);
  editRcLocal(withoutBlock, path)?.apply();
  expect(readFileSync(path)).toEqual(bytes);
  expect(modeOf(path)).toBe(mode);
});

test('a symbolic link stays one', () => {
  const root = tempDir();
  const [path, target] = [join(root, 'rc.local'), join(root, 'rc.d/rc.local')];
  mkdirSync(join(root, 'rc.d'));
  writeFileSync(target, '#!/bin/sh\n');
  symlinkSync('rc.d/rc.local', path);
  editRcLocal(install, path)?.apply();
  expect(lstatSync(path).isSymbolicLink()).toBe(true);
  expect(readFileSync(target, 'utf8')).toContain('proxy sync');
});

test("the original's line is known to have been replaced", () => {
  const path = join(tempDir(), 'rc.local');
  writeFileSync(path, '#!/bin/sh\n# IPVS_START_UP\n/root/tool -cmd reload -persistDir /root/.bcs\n');
  expect(editRcLocal(install, path)).toMatchObject({ addsBlock: true, replacesOriginal: true });
});
