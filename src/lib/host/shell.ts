// Words for a POSIX shell, for lines that a person pastes or a boot file runs. Pure.

/** As it is where nothing in it means anything to a shell; brackets of an IPv6 address do, they are a pattern. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
