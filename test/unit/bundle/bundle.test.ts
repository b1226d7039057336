import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { refuseTarget, writeArchive } from '../../../src/lib/bundle/archive.ts';
import { readBundle } from '../../../src/lib/bundle/bundle.ts';
import { netlinkSources } from '../../../src/lib/bundle/netlink-dump.ts';
import { contentsOf, tempDir } from '../../helpers/temp-dir.ts';

describe('the parts of a bundle', () => {
  test('the manifest names what is in it, what is not and why, and how much was cut', async () => {
    const long = 'x'.repeat(600 * 1024);
    const files = await readBundle('title', [
      { name: 'here.txt', read: () => 'token: Planted\n' },
      { name: 'empty.txt', read: () => '\n' },
      { name: 'none.txt', read: () => readFileSync('/nonexistent', 'utf8') },
      { name: 'failed.txt', read: () => Promise.reject(new Error('it took too long (token=Planted)\nat x')) },
      { name: 'table.txt', read: () => `first ${long}` },
      { name: 'log.txt', keep: 'end', read: () => `${long} last` },
    ]);
    expect(files.map(({ name }) => name)).toEqual(['MANIFEST.txt', 'here.txt', 'table.txt', 'log.txt']);
    expect(files[0]?.text).toBe(
      [
        'title',
        '',
        'Keys, tokens and passwords are replaced by [redacted]. No kubeconfig is in here.',
        '',
        'here.txt    18 characters',
        'empty.txt   not in here: it is empty',
        'none.txt    not in here: there is none',
        'failed.txt  not in here: it took too long (token=[redacted]',
        'table.txt   the beginning of 614406 characters',
        'log.txt     the end of 614405 characters',
        '',
      ].join('\n'),
    );
    expect(files[1]?.text).toBe('token: [redacted]\n');
    expect(files[2]?.text).toMatch(/^first x{1000}/);
    expect(files[3]?.text).toMatch(/x last$/);
    for (const { text } of files.slice(2)) expect(text).toHaveLength(512 * 1024);
  });

  test('netlink: what a kernel refuses is written down as well', async () => {
    const sources = netlinkSources(() => {
      throw new Error('EPERM: look up family');
    }, ['10.99.0.1']);
    const files = await readBundle('title', sources);
    expect(files.map(({ name }) => name).slice(1)).toEqual(
      ['services', 'destinations', 'routes', 'addresses'].map(name => `netlink/${name}.txt`),
    );
    for (const { text } of files.slice(1)) expect(text).toContain('Error: EPERM: look up family');
  });
});

describe('the archive', () => {
  test('is what tar(1) unpacks, for its owner only', () => {
    const directory = tempDir();
    const path = join(directory, 'ticket.tar.gz');
    const files = [
      { name: 'MANIFEST.txt', text: 'a\n' },
      { name: 'proc/net/ip_vs', text: `${'line of a table, in UTF-8: \u00fc\n'.repeat(700)}` },
    ];
    const bytes = writeArchive(path, 'bundle', files);
    expect(statSync(path)).toMatchObject({ size: bytes });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    mkdirSync(join(directory, 'out'));
    execFileSync('tar', ['-xzf', path, '-C', join(directory, 'out'), '--no-same-owner']);
    expect(contentsOf(join(directory, 'out'))).toEqual({
      bundle: 'not a file',
      'bundle/MANIFEST.txt': files[0]?.text,
      'bundle/proc': 'not a file',
      'bundle/proc/net': 'not a file',
      'bundle/proc/net/ip_vs': files[1]?.text,
    });
  });

  test('an older one is never written over, and no directory is made for it', () => {
    const directory = tempDir();
    const path = join(directory, 'ticket.tar.gz');
    writeFileSync(path, 'evidence');
    expect(() => refuseTarget(path)).toThrow(`--bundle ${path}: it exists; give another name, or remove it`);
    const nowhere = join(directory, 'none', 'ticket.tar.gz');
    expect(() => refuseTarget(nowhere)).toThrow(
      `--bundle ${nowhere}: there is no directory ${directory}/none; make it, or choose another one`,
    );
    expect(() => refuseTarget(join(directory, 'other.tar.gz'))).not.toThrow();
  });
});
