import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import {
  readFileIfThere,
  removeFile,
  writeFileAtomic,
  writeFileIfChanged,
} from '../../../src/lib/store/atomic-file.ts';
import { contentsOf, tempDir } from '../../helpers/temp-dir.ts';

describe('writing', () => {
  test('makes the directories above, and leaves nothing but the file', () => {
    const root = tempDir();
    writeFileAtomic(join(root, 'a/b/file'), 'text\n');
    expect(contentsOf(root)).toEqual({ a: 'not a file', 'a/b': 'not a file', 'a/b/file': 'text\n' });
  });

  test('replaces what was there, longer or shorter', () => {
    const path = join(tempDir(), 'file');
    for (const contents of ['a long text\n', 'short\n', '', 'and on\n']) {
      writeFileAtomic(path, contents);
      expect(readFileIfThere(path)).toBe(contents);
    }
  });

  test('gives the file the mode that was asked for', () => {
    const path = join(tempDir(), 'file');
    writeFileAtomic(path, 'secret\n', 0o600);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('replaces the file instead of changing it: a reader that has it open keeps the old text', () => {
    const path = join(tempDir(), 'file');
    writeFileAtomic(path, 'old\n');
    const { ino } = statSync(path);
    writeFileAtomic(path, 'new\n');
    expect(statSync(path).ino).not.toBe(ino);
  });

  test('does not write what is there already', () => {
    const path = join(tempDir(), 'file');
    expect(writeFileIfChanged(path, 'text\n')).toBe(true);
    const { ino } = statSync(path);
    expect(writeFileIfChanged(path, 'text\n')).toBe(false);
    expect(statSync(path).ino).toBe(ino);
  });

  test('temporary files that killed writers left behind an hour ago go; one of a moment ago may be in use', () => {
    const root = tempDir();
    for (const [name, ageS] of [
      ['0a', 3700],
      ['0b', 10],
    ] as const) {
      const path = join(root, `.file.${name}.tmp`);
      writeFileSync(path, 'half a te');
      utimesSync(path, Date.now() / 1000 - ageS, Date.now() / 1000 - ageS);
    }
    writeFileAtomic(join(root, 'file'), 'text\n');
    expect(contentsOf(root)).toEqual({ file: 'text\n', '.file.0b.tmp': 'half a te' });
  });
});

describe('a write that fails says why and leaves everything as it was', () => {
  test('the target is a directory', () => {
    const root = tempDir();
    mkdirSync(join(root, 'file'));
    expect(() => writeFileAtomic(join(root, 'file'), 'text\n')).toThrow(`${root}/file is a directory`);
    expect(contentsOf(root)).toEqual({ file: 'not a file' });
  });

  test('the target is a symbolic link, which a rename would replace', () => {
    const root = tempDir();
    writeFileSync(join(root, 'elsewhere'), 'old\n');
    symlinkSync('elsewhere', join(root, 'file'));
    expect(() => writeFileAtomic(join(root, 'file'), 'new\n')).toThrow(`${root}/file is not a regular file`);
    expect(contentsOf(root)).toEqual({ elsewhere: 'old\n', file: 'old\n' });
  });

  test('a file stands where the directory should be', () => {
    const root = tempDir();
    writeFileSync(join(root, 'directory'), 'old\n');
    expect(() => writeFileAtomic(join(root, 'directory/file'), 'new\n')).toThrow(
      `${root}/directory/file cannot be written: a part of its path is not a directory`,
    );
    expect(contentsOf(root)).toEqual({ directory: 'old\n' });
  });

  test.skipIf(process.getuid?.() === 0)('no permission for the directory: the old text stays', () => {
    const root = tempDir();
    writeFileSync(join(root, 'file'), 'old\n');
    chmodSync(root, 0o500);
    expect(() => writeFileAtomic(join(root, 'file'), 'new\n')).toThrow(
      `${root}/file cannot be written: permission denied`,
    );
    expect(contentsOf(root)).toEqual({ file: 'old\n' });
  });
});

describe('a crash in the middle of writing', () => {
  const MODULE = new URL('../../../src/lib/store/atomic-file.ts', import.meta.url).href;

  test.each([0, 1, 2, 3, 4])(
    'a reader finds the old text or the new one, never a mix (run %i)',
    async run => {
      const path = join(tempDir(), 'file');
      const texts = ['a', 'b'].map(letter => letter.repeat(200_000));
      const script = `
      import { writeFileAtomic } from '${MODULE}';
      for (let i = 0; ; i++) {
        writeFileAtomic('${path}', 'ab'[i % 2].repeat(200_000));
        if (i === 0) console.log('started');
      }`;
      const writer = spawn(process.execPath, ['--input-type=module-typescript', '--eval', script]);
      await once(writer.stdout, 'data');
      await setTimeout(10 + run * 7);
      writer.kill('SIGKILL');
      await once(writer, 'exit');
      expect(texts).toContain(readFileIfThere(path));
    },
  );
});

test('two writers with one process number, as in two containers, do not get in the way of each other', async () => {
  const path = join(tempDir(), 'file');
  const module = new URL('../../../src/lib/store/atomic-file.ts', import.meta.url).href;
  const write = (letter: string): Promise<unknown[]> => {
    const code = `import('${module}').then(({ writeFileAtomic }) => {
      for (let i = 0; i < 200; i++) writeFileAtomic('${path}', '${letter}'.repeat(100_000));
    });`;
    return once(new Worker(code, { eval: true }), 'exit');
  };
  expect(await Promise.all([write('a'), write('b')])).toEqual([[0], [0]]);
  expect(['a', 'b'].map(letter => letter.repeat(100_000))).toContain(readFileIfThere(path));
});

/** A mount namespace of its own: what is mounted there is never seen outside. */
const canMount = (() => {
  try {
    execFileSync('unshare', ['--map-root-user', '--mount', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!canMount)('on a disk of its own, in a mount namespace', () => {
  const MODULE = new URL('../../../src/lib/store/atomic-file.ts', import.meta.url).href;

  /** Writes "new" over "old" in a child process that sees the mount; returns the message and what a reader finds. */
  function writeOn(
    mountOptions: string,
    contents: string,
    afterwards = 'true',
    call = `writeFileAtomic(path, ${contents})`,
  ): string[] {
    const directory = join(tempDir(), 'disk');
    mkdirSync(directory);
    const script = `
      import { readFileSync, readdirSync } from 'node:fs';
      import { requireWritable, writeFileAtomic } from '${MODULE}';
      const path = '${directory}/file';
      try { ${call.replaceAll('DISK', directory)}; console.log('written'); } catch (error) { console.log(error.message); }
      console.log(readFileSync('${directory}/file', 'utf8').slice(0, 10).trim());
      console.log(readdirSync('${directory}').join(' '));`;
    const steps = [
      `mount -t tmpfs -o ${mountOptions} tmpfs ${directory}`,
      `echo old > ${directory}/file`,
      afterwards.replaceAll('DISK', directory),
      `exec "$0" --input-type=module-typescript --eval "$1"`,
    ].join(' && ');
    const args = ['--map-root-user', '--mount', 'sh', '-c', steps, process.execPath, script];
    return execFileSync('unshare', args, { encoding: 'utf8' })
      .replaceAll(directory, 'DISK')
      .trim()
      .split('\n');
  }

  test('a full disk: the old text stays', () => {
    expect(writeOn('size=64k', "'x'.repeat(1e6)")).toEqual([
      'DISK/file cannot be written: the disk is full',
      'old',
      'file',
    ]);
  });

  test('a read-only disk: the old text stays', () => {
    expect(writeOn('size=64k', "'new'", 'mount -o remount,ro DISK')).toEqual([
      'DISK/file cannot be written: the file system is read-only',
      'old',
      'file',
    ]);
  });

  test('a read-only disk is known beforehand, also for a file in a directory that is not there', () => {
    for (const path of ['path', "'DISK/a/b'"]) {
      const call = `requireWritable(${path})`;
      const [message] = writeOn('size=64k', '', 'mount -o remount,ro DISK', call);
      expect(message).toMatch(/^DISK\/(file|a\/b) cannot be written: the file system is read-only$/);
    }
    expect(writeOn('size=64k', '', 'true', 'requireWritable(path)')).toEqual(['written', 'old', 'file']);
  });

  test('room enough: the new text', () => {
    expect(writeOn('size=64k', "'new'")).toEqual(['written', 'new', 'file']);
  });
});

describe('reading', () => {
  test('a file that is not there is undefined', () => {
    expect(readFileIfThere(join(tempDir(), 'file'))).toBeUndefined();
  });

  test('a directory is refused', () => {
    const root = tempDir();
    expect(() => readFileIfThere(root)).toThrow(`${root} is a directory`);
  });

  test('a pipe is refused at once; to open it would take for ever', () => {
    const path = join(tempDir(), 'pipe');
    execFileSync('mkfifo', [path]);
    expect(() => readFileIfThere(path)).toThrow(`${path} is not a regular file`);
  });

  test('a giant is refused unread', () => {
    const path = join(tempDir(), 'file');
    writeFileSync(path, '');
    truncateSync(path, 3_000_000_000);
    expect(() => readFileIfThere(path)).toThrow(
      `${path} cannot be read: it has 3000000000 bytes, and at most 1048576 are expected`,
    );
  });

  test('a path through a file is refused', () => {
    const root = tempDir();
    writeFileSync(join(root, 'directory'), '');
    expect(() => readFileIfThere(join(root, 'directory/file'))).toThrow(
      `${root}/directory/file cannot be read: a part of its path is not a directory`,
    );
  });

  test('what is in the way can be moved away', () => {
    const root = tempDir();
    expect(() => readFileIfThere(root)).toThrow(
      expect.objectContaining({
        code: 'not-a-file',
        suggestions: [`move it away: mv ${root} ${root}.broken`],
      }),
    );
  });
});

describe('removing', () => {
  test('says whether there was something to remove', () => {
    const path = join(tempDir(), 'file');
    writeFileSync(path, '');
    expect([removeFile(path), removeFile(path)]).toEqual([true, false]);
  });

  test('a directory is refused and stays', () => {
    const root = tempDir();
    mkdirSync(join(root, 'file'));
    expect(() => removeFile(join(root, 'file'))).toThrow(`${root}/file cannot be removed: it is a directory`);
    expect(contentsOf(root)).toEqual({ file: 'not a file' });
  });
});
