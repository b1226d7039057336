// What of the API's lists reaches the daemon, and when: with a clock that stands still unless it is moved.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Snapshots } from '../../../src/lib/discovery/snapshots.ts';
import { formatHostPort, type HostPort, parseHostPort } from '../../../src/lib/model/address.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const emitted: string[] = [];
const notices: string[] = [];

function snapshots(): Snapshots {
  emitted.length = 0;
  notices.length = 0;
  return new Snapshots({
    family: 'ipv4',
    debounceMs: 1000,
    notice: text => notices.push(text),
    emit: candidates => emitted.push(candidates.map(formatHostPort).join(' ')),
  });
}

const list = (text: string): HostPort[] => text.split(' ').map(parseHostPort);

test('the first list is handed over at once, though never from within offer', () => {
  snapshots().offer(list('10.0.0.1:6443'));
  expect(emitted).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(emitted).toEqual(['10.0.0.1:6443']);
});

test('later ones wait for the debounce time, which further changes do not prolong; the latest counts', () => {
  const subject = snapshots();
  subject.offer(list('10.0.0.1:6443'));
  vi.advanceTimersByTime(1);
  subject.offer(list('10.0.0.2:6443'));
  vi.advanceTimersByTime(999);
  subject.offer(list('10.0.0.3:6443'));
  expect(emitted).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(emitted).toEqual(['10.0.0.1:6443', '10.0.0.3:6443']);
});

test('a change that is taken back, another order and duplicates are no news', () => {
  const subject = snapshots();
  subject.offer(list('10.0.0.1:6443 10.0.0.2:6443'));
  vi.advanceTimersByTime(1);
  subject.offer(list('10.0.0.3:6443'));
  subject.offer(list('10.0.0.2:6443 10.0.0.1:6443 10.0.0.2:6443'));
  vi.advanceTimersByTime(5000);
  expect(emitted).toEqual(['10.0.0.1:6443 10.0.0.2:6443']);
});

test('an empty list leaves a pending one alone, and is said again only after masters were there', () => {
  const subject = snapshots();
  subject.offer([]);
  subject.offer(list('[fd00::1]:6443'));
  subject.offer(list('10.0.0.1:6443'));
  subject.offer([]);
  vi.advanceTimersByTime(1);
  expect(emitted).toEqual(['10.0.0.1:6443']);
  expect(notices).toHaveLength(2);
});

test('a list of the other family only says so', () => {
  snapshots().offer(list('[fd00::1]:6443'));
  expect(notices).toEqual([
    'discovery names no master with an IPv4 address; ignored, the last known ones stay',
  ]);
});

test('nothing comes after stop', () => {
  const subject = snapshots();
  subject.offer(list('10.0.0.1:6443'));
  subject.stop();
  vi.advanceTimersByTime(5000);
  expect(emitted).toEqual([]);
});
