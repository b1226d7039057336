// Errors that we expect and explain. Anything else that reaches the command line is a bug and shows its stack.

/** EX_USAGE of sysexits.h: the command was called wrongly. */
export const EXIT_USAGE = 64;
export const EXIT_FAILED = 1;

export interface ProxyErrorOptions {
  /** What to type or change, one action a line; printed as "Try this". */
  suggestions?: string[];
  cause?: unknown;
}

/**
 * A failure with a stable `code` (lower-kebab-case) and one sentence that names the object, what was expected
 * and what to do. Recognise it by `code`, never by its message.
 */
export class ProxyError extends Error {
  readonly code: string;
  readonly exitCode: number = EXIT_FAILED;
  readonly suggestions: string[];

  constructor(code: string, message: string, options: ProxyErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ProxyError';
    this.code = code;
    this.suggestions = options.suggestions ?? [];
  }
}

/** The caller gave a value that cannot be used: exit 64, nothing was changed. */
export class UsageError extends ProxyError {
  override readonly exitCode = EXIT_USAGE;

  constructor(message: string, options: ProxyErrorOptions = {}) {
    super('usage', message, options);
    this.name = 'UsageError';
  }
}

export function isProxyError(error: unknown): error is ProxyError {
  return error instanceof Error && 'exitCode' in error && 'suggestions' in error;
}

/** The errno name ("ENOENT") of a failed system call, or undefined. */
export function errnoCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

export function isENOENT(error: unknown): boolean {
  return errnoCode(error) === 'ENOENT';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * What is wrong with a YAML text, without a word of it: it may be a file with secrets, and the parser's own messages quote
 * what they stumble over.
 */
export function describeYamlError(error: unknown): string {
  const { linePos } = error as { linePos?: readonly { line: number; col: number }[] };
  const place = linePos?.[0] === undefined ? '' : ` at line ${linePos[0].line}, column ${linePos[0].col}`;
  // The parser throws it for names that nobody defined, and for those that grow without end.
  if (error instanceof ReferenceError) return 'aliases that cannot be resolved';
  return `${(errnoCode(error) ?? 'an error').toLowerCase().replaceAll('_', ' ')}${place}`;
}

/** For `.catch` on a wait that ends by abort. */
export function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}
