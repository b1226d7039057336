// One executable file: a stripped Node with the bundle and koffi's addon inside (a "single executable
// application"). pkg's own command line ignores seaConfig, so its module is called.
import { join } from 'node:path';
import sea from '@yao-pkg/pkg/lib-es5/sea.js';
import { BUNDLE, DIST } from './paths.ts';
import type { Target } from './targets.ts';

export interface Parts {
  node: string;
  koffi: string;
}

export async function pack(target: Target, parts: Parts): Promise<string> {
  const output = join(DIST, target.file);
  await sea.default(BUNDLE, {
    targets: [{ nodeRange: `node${process.versions.node}`, platform: 'linux', arch: target.arch, output }],
    nodePath: parts.node,
    // The blob is written by the Node that runs this script: the same version, and one that can run here.
    useLocalNode: true,
    seaConfig: {
      disableExperimentalSEAWarning: true,
      useSnapshot: false,
      // The cache holds machine code positions of one architecture: elsewhere it would be refused with a warning.
      useCodeCache: target.arch === process.arch,
      // An operator's NODE_OPTIONS is meant for other programs: it must not change or stop this one.
      execArgvExtension: 'none',
      execArgv: [],
      assets: { 'koffi.node': parts.koffi },
    },
  });
  return output;
}
