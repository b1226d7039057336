// One executable file from a stripped Node, a main script and assets: Node calls it a "single executable
// application". pkg's own command line ignores seaConfig, so the module behind it is called.
import { renameSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import packSea from '@yao-pkg/pkg/lib-es5/sea.js';
import { strippedNode } from './node-runtime.ts';
import type { Target } from './targets.ts';

export async function packExecutable(
  target: Target,
  main: string,
  assets: Record<string, string>,
  output: string,
): Promise<void> {
  const seaConfig = {
    // The path becomes part of the binary, so it must not name this machine: pkg works in a directory below
    // the temporary one.
    main: `../${basename(main)}`,
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    // Node's own cache differs from build to build: see code-cache.ts.
    useCodeCache: false,
    // An operator's NODE_OPTIONS is meant for other programs: it must neither change nor stop this one.
    execArgvExtension: 'none',
    // SIGUSR1 must not open an inspector to all users of the host, and no file that a variable names is read as
    // OpenSSL's configuration.
    execArgv: ['--disable-sigusr1', '--openssl-config=/dev/null'],
    assets,
  };
  const partial = `${main}.packed`;
  const nodePath = strippedNode(target);
  await withTemporaryDirectory(dirname(main), () =>
    packSea.default(main, {
      targets: [
        { nodeRange: `node${process.versions.node}`, platform: 'linux', arch: target.arch, output: partial },
      ],
      nodePath,
      // The blob is written by the Node that runs this script: of the same version, and able to run here.
      useLocalNode: true,
      seaConfig,
    }),
  );
  // At once, as somebody may be running the old one.
  renameSync(partial, output);
}

async function withTemporaryDirectory(directory: string, work: () => Promise<void>): Promise<void> {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = directory;
  try {
    await work();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}
