// What scripts/build puts beside the binary for /usr/share.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../oclif.manifest.json' with { type: 'json' };
import { BINARY, runBinary } from './binary.ts';

const SHARE = join(dirname(BINARY), 'share');

const COMPLETIONS = {
  bash: 'bash-completion/completions/bcs-apiserver-proxy',
  zsh: 'zsh/site-functions/_bcs-apiserver-proxy',
  fish: 'fish/vendor_completions.d/bcs-apiserver-proxy.fish',
};

test('man pages and completions, and nothing else', () => {
  const found = readdirSync(SHARE, { recursive: true, withFileTypes: true, encoding: 'utf8' });
  const files = found.filter(entry => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const pages = ['', ...Object.keys(manifest.commands).map(name => `-${name}`)];
  const expected = [
    ...pages.map(suffix => `man/man1/bcs-apiserver-proxy${suffix}.1`),
    ...Object.values(COMPLETIONS),
  ];
  expect(files.toSorted()).toEqual(expected.map(path => join(SHARE, path)).toSorted());
});

test.each(Object.entries(COMPLETIONS))('the file for %s is what the binary prints', (shell, path) => {
  expect(runBinary(['completion', shell])).toEqual({
    status: 0,
    stdout: readFileSync(join(SHARE, path), 'utf8'),
    stderr: '',
  });
});
