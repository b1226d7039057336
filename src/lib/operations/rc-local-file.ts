// /etc/rc.local on disk: read, changed by one of the functions of host/rc-local.ts, and written if that changed it.
import { chmodSync, existsSync, realpathSync, statSync } from 'node:fs';
import { RC_LOCAL } from '../host/paths.ts';
import { type RcLocal, withoutBlock, withoutOriginal } from '../host/rc-local.ts';
import { readFileIfThere, removeFile, requireWritable, writeFileAtomic } from '../store/atomic-file.ts';

export type RcLocalChange = (file: RcLocal | undefined) => RcLocal | undefined;

export interface RcLocalEdit {
  readonly path: string;
  readonly addsBlock: boolean;
  /** Takes the lines of the original program out. */
  readonly replacesOriginal: boolean;
  readonly removesFile: boolean;
  /** Throws what apply() would fail with, as far as that can be known beforehand. */
  check(): void;
  apply(): void;
}

const NEW_FILE_MODE = 0o755;

/** Undefined when there is nothing to change. RHEL has a symbolic link there, which stays. */
export function editRcLocal(change: RcLocalChange, path = RC_LOCAL): RcLocalEdit | undefined {
  const real = existsSync(path) ? realpathSync(path) : path;
  const text = readFileIfThere(real, 'latin1');
  const mode = text === undefined ? NEW_FILE_MODE : statSync(real).mode & 0o7777;
  const before = text === undefined ? undefined : { text, executable: (mode & 0o100) !== 0 };
  const after = change(before);
  if (after?.text === before?.text && after?.executable === before?.executable) return undefined;
  return {
    path: real,
    addsBlock: after !== undefined && withoutBlock(after) !== after,
    replacesOriginal: hasOriginal(before) && !hasOriginal(after),
    removesFile: after === undefined,
    check: () => requireWritable(real),
    apply() {
      if (after === undefined) removeFile(real);
      else write(real, after, mode);
    },
  };
}

function hasOriginal(file: RcLocal | undefined): boolean {
  return file !== undefined && withoutOriginal(file).text !== file.text;
}

function write(path: string, { text, executable }: RcLocal, before: number): void {
  // Executable for whoever may read it.
  const mode = executable ? before | ((before & 0o444) >> 2) : before & ~0o111;
  writeFileAtomic(path, Buffer.from(text, 'latin1'), mode);
  chmodSync(path, mode); // whatever the umask
}
