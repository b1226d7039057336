// One line for each thing that happened: JSON for machines, text on a terminal. Transitions and repairs, never ticks.
import { printable } from './text.ts';

export type Level = 'info' | 'warn' | 'error';
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** Priorities of syslog(3), as the journal takes them from the beginning of a line. */
const PRIORITY: Record<Level, string> = { info: '<6>', warn: '<4>', error: '<3>' };

export interface LogOptions {
  readonly format: 'json' | 'text';
  /** Lines go to the journal, so that `journalctl -p warning` works. */
  readonly journal?: boolean;
}

export function createLogger(write: (line: string) => void, { format, journal }: LogOptions): Logger {
  const render = format === 'json' ? renderJson : renderText;
  const at =
    (level: Level) =>
    (message: string, fields: Fields = {}) =>
      write(`${journal ? PRIORITY[level] : ''}${render(level, message, fields)}\n`);
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

function renderJson(level: Level, message: string, fields: Fields): string {
  return JSON.stringify({ time: new Date().toISOString(), level, message, ...fields });
}

function renderText(level: Level, message: string, fields: Fields): string {
  const extra = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  return [new Date().toISOString(), level.padEnd(5), ...[message, ...extra].map(printable)].join(' ');
}
