// Makes oclif start fast and anywhere: leaves out what cannot be reached with one in-memory plugin, replaces what
// asks the machine needless questions, and delays built-in modules that only rare paths use.
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';

const here = (file: string) => fileURLToPath(new URL(`oclif/${file}`, import.meta.url));

/** Import path, as oclif or src/ writes it, and the file that stands for it. */
const REPLACED: Readonly<Record<string, string>> = {
  '@oclif/core': here('core.ts'),
  '../util/os': here('os.ts'),
  debug: here('debug.ts'),
  'clean-stack': here('clean-stack.ts'),
  'cli-spinners': here('cli-spinners.ts'),
};

/** Finding and loading plugins from disk; reaching one of these is a bug in src/cli. */
const UNREACHABLE = new Set(['./plugin', './ts-path', '../config/ts-path', '../module-loader', 'minimatch']);

/** Together 6 ms, for stdin values, performance logs and Windows shells. */
const LAZY_BUILTINS = new Set(['node:child_process', 'node:perf_hooks', 'node:readline']);

export function slimOclif(): Plugin {
  return {
    name: 'slim-oclif',
    setup(build) {
      build.onResolve({ filter: /.*/ }, ({ path, importer }) => {
        const inOclif = importer.includes('/@oclif/core/');
        const replacement = REPLACED[path];
        if (replacement && importer !== replacement && (inOclif || path.startsWith('@')))
          return { path: replacement };
        if (inOclif && UNREACHABLE.has(path)) return { path, namespace: 'unreachable' };
        if (inOclif && LAZY_BUILTINS.has(path)) return { path, namespace: 'lazy-builtin' };
        return undefined;
      });
      build.onLoad({ filter: /.*/, namespace: 'unreachable' }, ({ path }) => ({
        contents: unreachable(path),
      }));
      build.onLoad({ filter: /.*/, namespace: 'lazy-builtin' }, ({ path }) => ({ contents: lazily(path) }));
    },
  };
}

function unreachable(path: string): string {
  return `module.exports = new Proxy({}, { get(_, name) {
    if (name === '__esModule') return true;
    throw new Error('${path} of oclif is not in the bundle');
  } });`;
}

function lazily(path: string): string {
  return `module.exports = new Proxy({}, { get: (_, name) => process.getBuiltinModule('${path}')[name] });`;
}
