// status --watch looks for days: what it needs for one look is gone behind it.
import { expect, test, vi } from 'vitest';
import { watch } from '../../../src/cli/watch.ts';

test('a hundred looks leave no listener behind, neither for their end nor in the process', async () => {
  const added = vi.spyOn(EventTarget.prototype, 'addEventListener');
  const removed = vi.spyOn(EventTarget.prototype, 'removeEventListener');
  const waiting = (): number => added.mock.calls.length - removed.mock.calls.length;
  const ofProcess = (): number[] => ['SIGINT', 'SIGTERM', 'SIGHUP'].map(name => process.listenerCount(name));
  const before = ofProcess();
  const seen: number[] = [];
  const look = async () => {
    seen.push(waiting());
    if (seen.length === 100) process.emit('SIGHUP', 'SIGHUP');
    return { text: '', brief: 'OK' };
  };
  await watch(look, { intervalMs: 0, redraw: false });
  expect(added).toHaveBeenCalled();
  expect(seen).toEqual(Array(100).fill(seen[0]));
  expect(ofProcess()).toEqual(before);
});
