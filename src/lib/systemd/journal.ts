// Whether an output leads to systemd's journal, which takes a line's priority from a prefix: "<4>", sd-daemon(3).
import { fstatSync } from 'node:fs';

/** `descriptor`: 1 or 2. systemd names device and inode of what it opened in JOURNAL_STREAM, systemd.exec(5). */
export function leadsToJournal(descriptor: number, { JOURNAL_STREAM }: NodeJS.ProcessEnv): boolean {
  if (JOURNAL_STREAM === undefined) return false;
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  return JOURNAL_STREAM === `${dev}:${ino}`;
}
