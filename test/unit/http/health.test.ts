import { describe, expect, test } from 'vitest';
import { livenessProblem, missing } from '../../../src/lib/http/health.ts';
import { realServerView, snapshot } from '../../helpers/snapshot.ts';

describe('the process is alive', () => {
  test.each([
    [0, undefined],
    [9999, undefined],
    [10_000, 'the last pass was made 10 s ago, one a second is expected'],
    [65_400, 'the last pass was made 65 s ago, one a second is expected'],
    [undefined, 'no pass was made yet'],
  ])('when a pass was made less than 10 s ago: %s ms', (lastPassAgeMs, problem) => {
    expect(livenessProblem(snapshot({ lastPassAgeMs }))).toBe(problem);
  });

  test('however many passes failed', () => {
    expect(livenessProblem(snapshot({ passes: 9, failedPasses: 9 }))).toBeUndefined();
  });

  test('not while one of its loops does not come round, however well the passes go', () => {
    const stuck = ['traffic: nothing for 65 s'];
    expect(livenessProblem(snapshot({ stuck }))).toBe('traffic: nothing for 65 s');
  });

  test('while it waits for another daemon, without any pass', () => {
    const lock = { held: false, holder: 'process 4711' };
    expect(livenessProblem(snapshot({ lock, lastPassAgeMs: undefined }))).toBeUndefined();
  });
});

describe('the node can use the virtual server', () => {
  test.each([
    ['with one real server', snapshot()],
    ['while held, for the kernel tries them all', snapshot({ held: true })],
    ['with one that drains', snapshot({ realServers: [realServerView({ weight: 0, state: 'draining' })] })],
    ['when discovery is lost', snapshot({ discovery: { ...snapshot().discovery, connected: false } })],
  ])('%s', (_, daemon) => {
    expect(missing(daemon)).toEqual([]);
  });

  test('not before a first pass succeeded', () => {
    expect(missing(snapshot({ passes: 0, failedPasses: 0, inKernel: false }))).toEqual([
      'no pass succeeded yet, 0 failed',
      'virtual server 10.99.0.1:6443 is not in the kernel',
    ]);
    expect(missing(snapshot({ passes: 3, failedPasses: 3 }))).toEqual(['no pass succeeded yet, 3 failed']);
  });

  test('not without a real server in the kernel', () => {
    const problem = 'virtual server 10.99.0.1:6443 has no real server in the kernel';
    expect(missing(snapshot({ realServers: [] }))).toEqual([problem]);
    expect(missing(snapshot({ realServers: [realServerView({ weight: undefined })] }))).toEqual([problem]);
  });
});
