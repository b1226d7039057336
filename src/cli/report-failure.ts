// A failure that reached the top, as text on stderr and an exit code: 64 usage (sysexits.h), 1 anything else.
// What a user can cause is one clear message; what only a bug can cause shows its stack.
import { inspect } from 'node:util';
import { EXIT_FAILED, isProxyError } from '../lib/errors.ts';
import { printable } from '../lib/text.ts';

type OclifError = Error & { code?: string; oclif: { exit?: number } };

export function reportFailure(error: unknown): number {
  if (isProxyError(error)) {
    process.stderr.write(formatFailure(error.message, error.suggestions));
    return error.exitCode;
  }
  if (isOclifError(error)) {
    // this.exit(n) throws an error without text: the command has said what it had to say.
    if (error.code !== 'EEXIT') process.stderr.write(formatFailure(error.message, []));
    return error.oclif.exit ?? EXIT_FAILED;
  }
  process.stderr.write(`${inspect(error, { colors: false })}\n`);
  return EXIT_FAILED;
}

/** Recognised by field: `instanceof` fails when a class is bundled twice. */
function isOclifError(error: unknown): error is OclifError {
  return error instanceof Error && 'oclif' in error;
}

function formatFailure(message: string, suggestions: string[]): string {
  return `Error: ${printable(message)}\n${suggestions.map(text => `Try this: ${printable(text)}\n`).join('')}`;
}
