// The one place where arguments are rewritten before oclif sees them: `help COMMAND`, and the invocations of the program
// that this one replaces. What translates those is loaded only for them.
import { basename } from 'node:path';

/** What the original program's tool, and the entry point of its container, were called. */
const OLD_NAMES = ['bcs-apiserver-proxy-tools', 'apiserver-proxy-tools', 'container-start.sh'];

const OURS = ['--help', '-h', '--version'];

export interface Arguments {
  readonly argv: readonly string[];
  /** One sentence each, for stderr. */
  readonly notes: readonly string[];
}

/** `argv0` is how the program was called. Throws UsageError for an old invocation that makes no sense. */
export async function normalizeArguments(
  argv: readonly string[],
  argv0: string,
  env: NodeJS.ProcessEnv,
): Promise<Arguments> {
  const [first, ...rest] = argv;
  if (first === 'help') return { argv: [...rest, '--help'], notes: [] };
  const name = basename(argv0);
  if (!mayBeOld(first, name)) return { argv, notes: [] };
  const { translate } = await import('./legacy.ts');
  return translate(argv, name, env) ?? { argv, notes: [] };
}

/** The name of a command comes first in every invocation of ours, and in none of the original's. */
function mayBeOld(first: string | undefined, name: string): boolean {
  if (first !== undefined && !first.startsWith('-')) return false;
  return OLD_NAMES.includes(name) || (first !== undefined && !OURS.includes(first));
}
