// One executable file from a stripped Node, a main script and assets: Node calls it a "single executable
// application". pkg's own command line ignores seaConfig, so the module behind it is called.
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
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    // Node's own cache differs from build to build: see code-cache.ts.
    useCodeCache: false,
    // An operator's NODE_OPTIONS is meant for other programs: it must neither change nor stop this one.
    execArgvExtension: 'none',
    assets,
  };
  await packSea.default(main, {
    targets: [{ nodeRange: `node${process.versions.node}`, platform: 'linux', arch: target.arch, output }],
    nodePath: strippedNode(target),
    // The blob is written by the Node that runs this script: of the same version, and able to run here.
    useLocalNode: true,
    seaConfig,
  });
}
