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
  const problem = problemOf(result, command, timeoutMs);
  return { ok: !result.failed, problem: problem.split('\n').join('; '), stdout: result.stdout };
}

interface Outcome {
  readonly failed: boolean;
  readonly timedOut: boolean;
  readonly code?: string | undefined;
  readonly stderr: string;
  readonly shortMessage?: string | undefined;
}

function problemOf(outcome: Outcome, command: string, timeoutMs: number): string {
  if (outcome.code === 'ENOENT') return `${command} is not installed`;
  if (outcome.timedOut) return `${command} did not end within ${timeoutMs / 1000} s`;
  return outcome.stderr.trim() || (outcome.failed ? (outcome.shortMessage ?? '') : '');
}
