// The one place where arguments are rewritten before oclif sees them. The invocations of the program that this
// one replaces (argv[0] `bcs-apiserver-proxy-tools`, or `-cmd` first) are to be mapped here, too.

/** `help sync` and `sync --help` are the same. */
export function normalizeArguments(argv: readonly string[], _argv0: string): string[] {
  const [first, ...rest] = argv;
  return first === 'help' ? [...rest, '--help'] : [...argv];
}
