// The sources as a graph: every file below src/ with its text and what it imports.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

export interface Import {
  /** A path below src/ ("lib/errors.ts"), a package ("koffi") or a module of Node ("node:fs"). */
  readonly target: string;
  readonly kind: 'file' | 'package' | 'node';
  /** Gone once types are stripped. */
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** Below src/, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

export function sourceFiles(): SourceFile[] {
  const paths = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.ts'));
  return paths.sort().map(path => {
    const text = readFileSync(join(SRC, path), 'utf8');
    return { path, text, imports: importsOf(path, text) };
  });
}

/** "lib/store" for what is below it, the file itself for one that stands in src/ or src/lib/, otherwise "cli" and so on. */
export function folderOf(path: string): string {
  const [first = '', second = '', third] = path.split('/');
  return first === 'lib' ? `lib/${second}` : third === undefined ? first : path;
}

// import … from '…', export … from '…', import '…' and import('…').
const STATIC = /^(?:import|export)\s+(?<what>[^;'"]*?\bfrom\s+)?'(?<target>[^']+)'/gm;
const DYNAMIC = /\bimport\('(?<target>[^']+)'\)/g;

function importsOf(path: string, text: string): Import[] {
  const found = [...text.matchAll(STATIC), ...text.matchAll(DYNAMIC)];
  return found.map(({ groups = {} }) => {
    const { what = '', target = '' } = groups;
    return { ...resolve(path, target), typeOnly: isTypeOnly(what) };
  });
}

/** `type { A } from`, or braces in which every name is marked. */
function isTypeOnly(what: string): boolean {
  if (/^type\s/.test(what)) return true;
  const names = /^\{(?<names>[^}]*)\}/
    .exec(what)
    ?.groups?.names?.split(',')
    .map(name => name.trim());
  return names?.filter(name => name !== '').every(name => name.startsWith('type ')) ?? false;
}

function resolve(path: string, target: string): Pick<Import, 'target' | 'kind'> {
  if (target.startsWith('node:')) return { target, kind: 'node' };
  if (target.startsWith('.')) return { target: normalize(join(dirname(path), target)), kind: 'file' };
  const parts = target.split('/');
  return { target: parts.slice(0, target.startsWith('@') ? 2 : 1).join('/'), kind: 'package' };
}
