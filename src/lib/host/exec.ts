// The only place that starts other programs: argument arrays, never a shell, always with a time limit.

export interface ExecResult {
  readonly ok: boolean;
  /** Standard error (or the reason why the program did not start), one line. */
  readonly problem: string;
  readonly stdout: string;
}

export async function exec(command: string, args: readonly string[], timeoutMs: number): Promise<ExecResult> {
  // execa costs tens of milliseconds to load; only commands that start something pay for it.
  const { execa } = await import('execa');
  const result = await execa(command, args, {
    timeout: timeoutMs,
    reject: false,
    stdin: 'ignore',
    all: false,
  });
  const problem = result.stderr.trim() || (result.failed ? (result.shortMessage ?? '') : '');
  return { ok: !result.failed, problem: problem.split('\n').join('; '), stdout: result.stdout };
}
