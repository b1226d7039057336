// Only an output that systemd itself connected to its journal is one, whatever a process inherited.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { leadsToJournal } from '../../../src/lib/systemd/journal.ts';

test('the device and inode that systemd names are those of the output', () => {
  const descriptor = openSync('/dev/null', 'r');
  const { dev, ino } = fstatSync(descriptor);
  expect(leadsToJournal(descriptor, { JOURNAL_STREAM: `${dev}:${ino}` })).toBe(true);
  expect(leadsToJournal(descriptor, { JOURNAL_STREAM: `${dev}:${ino + 1}` })).toBe(false);
  expect(leadsToJournal(descriptor, {})).toBe(false);
  closeSync(descriptor);
});
