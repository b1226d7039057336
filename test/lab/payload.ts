// What changes from one run to the next: the lab's guest programs (bundled, so that the guest need not strip types at
// every start), its certificates and the packed binary. A directory for the host, a disk mounted on /root in a guest.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { DIST } from '../../scripts/packaging/paths.ts';
import { type Arch, TARGETS } from '../../scripts/packaging/targets.ts';
import { certificates } from './pki.ts';

const PROGRAMS = ['agent', 'apiserver', 'client', 'etcd'];

/** Fills `directory` with lab/, `files` by name, and bcs-apiserver-proxy. */
export async function stagePayload(
  directory: string,
  arch: Arch,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  const binary = join(DIST, TARGETS[arch].file);
  const option = arch === process.arch ? '' : ' --all';
  if (!existsSync(binary))
    throw new Error(`The kernel lab needs ${binary}. Run scripts/build${option} first.`);
  const lab = join(directory, 'lab');
  mkdirSync(lab, { recursive: true });
  await build({
    entryPoints: PROGRAMS.map(name => join(import.meta.dirname, `guest/${name}.ts`)).filter(existsSync),
    outdir: lab,
    bundle: true,
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    target: 'node24',
    logLevel: 'error',
  });
  copyFileSync(join(import.meta.dirname, 'guest/start-agent'), join(lab, 'start-agent'));
  cpSync(certificates(), join(lab, 'pki'), { recursive: true });
  copyFileSync(binary, join(directory, 'bcs-apiserver-proxy'));
  for (const [name, source] of Object.entries(files)) copyFileSync(source, join(directory, name));
}

/** The same as an ext4 disk, without mounting anything. */
export function payloadDisk(directory: string, disk: string, size: string): void {
  execFileSync(
    'mke2fs',
    ['-q', '-t', 'ext4', '-L', 'payload', '-E', 'root_owner=0:0', '-d', directory, disk, size],
    {
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    },
  );
}
