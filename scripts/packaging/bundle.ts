// src/main.ts and everything it imports as one CommonJS file. CommonJS, because an ES module loads every built-in
// module that it names before its first line runs; commands stay lazy inside the file.
import { build, type Metafile } from 'esbuild';
import { BUNDLE, ROOT } from './paths.ts';
import { slimOclif } from './slim-oclif.ts';

export async function bundle(): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/main.ts'],
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    // Names stay, so that a stack from the field can be read.
    minifyWhitespace: true,
    minifySyntax: true,
    keepNames: false,
    // createRequire takes a path as well as a URL.
    define: { 'import.meta.url': '__filename' },
    plugins: [slimOclif()],
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  return metafile;
}
