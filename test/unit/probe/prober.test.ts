// When the prober asks, and what it makes of the sentinel, of suspicion and of what throws. Time is virtual; the channel is
// ours to script: it is the lowest seam here.
import { expect, test } from 'vitest';
import type { Evidence } from '../../../src/lib/health/evidence.ts';
import { Prober } from '../../../src/lib/probe/prober.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

const READY: Evidence = { kind: 'ready', latencyMs: 1 };
const INTERVAL_MS = 10_000;

/** `answers` in turn, the last one for ever; a function throws or stays silent as it likes. */
function scene(answers: readonly (Evidence | (() => Evidence | undefined))[], nextInMs = () => INTERVAL_MS) {
  const clock = new VirtualClock();
  const told: { at: number; kind: string; inOrder?: boolean | undefined }[] = [];
  const limits: number[] = [];
  const channels: { close: boolean }[] = [];
  let lose: (code: string) => void = () => {};
  let answer: (evidence: Evidence, final: boolean) => void = () => {};
  let asked = 0;
  const prober = new Prober({
    clock,
    limitMs: 1000,
    nextInMs,
    onEvidence: evidence => {
      const inOrder = evidence.kind === 'refused' ? evidence.inOrder : undefined;
      told.push({ at: clock.now(), kind: evidence.kind, inOrder });
    },
    open(onLost) {
      const channel = { close: false };
      channels.push(channel);
      lose = onLost;
      return {
        probe(limitMs, tell) {
          limits.push(limitMs);
          answer = tell;
          const next = answers[Math.min(asked++, answers.length - 1)];
          const evidence = typeof next === 'function' ? next() : next;
          if (evidence !== undefined) tell(evidence, true);
        },
        close() {
          channel.close = true;
        },
      };
    },
  });
  prober.start();
  return {
    ...{ clock, told, limits, channels, prober },
    lose: (code: string) => lose(code),
    answer: (evidence: Evidence, final: boolean) => answer(evidence, final),
  };
}

const kinds = ({ told }: { told: { kind: string }[] }): string[] => told.map(({ kind }) => kind);

test('asks at the interval, over one channel', () => {
  const quiet = scene([READY]);
  quiet.clock.run(35_000);
  expect(quiet.told.map(({ at }) => at)).toEqual([0, 10_000, 20_000, 30_000]);
  expect(quiet.channels).toHaveLength(1);
});

test('a question stays open beyond its limit: nothing is sent beside it, and the late answer counts', () => {
  const slow = scene([() => undefined, READY]);
  slow.clock.run(0);
  slow.answer({ kind: 'process-silent', reason: 'no answer', since: 0 }, false);
  slow.prober.probeSoon();
  slow.clock.run(30_000);
  expect([kinds(slow), slow.limits.length]).toEqual([['process-silent'], 1]);
  slow.answer({ kind: 'late', latencyMs: 30_000 }, true);
  slow.clock.run(41_000);
  expect(kinds(slow)).toEqual(['process-silent', 'late', 'ready']);
  expect(slow.channels, 'over the same connection').toHaveLength(1);
});

test.each(['closed', 'refused', 'local-fault'] as const)(
  'after "%s" the next question goes over a fresh channel',
  kind => {
    const broken = scene([{ kind, reason: '' }, READY]);
    broken.clock.run(10_000);
    expect(broken.channels).toEqual([{ close: true }, { close: false }]);
  },
);

test('a host that is silent is asked once more with half the time', () => {
  const silent = scene([READY, { kind: 'host-silent', reason: 'etimedout', since: 0 }, READY]);
  silent.clock.run(20_000);
  expect(silent.limits).toEqual([1000, 1000, 500]);
});

test('a connection that the master closed is a reason to ask at once, though not more often than five times a second', () => {
  const closing = scene([READY]);
  closing.clock.run(50);
  closing.lose('FIN');
  closing.clock.run(9_000);
  expect(closing.told.map(({ at }) => at)).toEqual([0, 200]);
  expect(closing.channels).toHaveLength(2);
});

test('refused behind a farewell is an end in order, as long as nothing else is heard', () => {
  const REFUSED: Evidence = { kind: 'refused', reason: 'econnrefused' };
  const ended = scene([READY, REFUSED, { kind: 'local-fault', reason: 'emfile' }, REFUSED, READY, REFUSED]);
  ended.clock.run(5_000);
  ended.lose('CLOSE_NOTIFY');
  ended.clock.run(45_000);
  expect(ended.told.map(({ inOrder }) => inOrder)).toEqual([
    ...[undefined, true, undefined, true, undefined],
    undefined,
  ]);
  const killed = scene([READY, REFUSED]);
  killed.clock.run(5_000);
  killed.lose('FIN');
  killed.clock.run(5_000);
  expect(killed.told.map(({ inOrder }) => inOrder)).toEqual([undefined, undefined]);
});

test('a connection that timed out under the kernel is evidence, and the question that confirms it follows', () => {
  const lost = scene([READY]);
  lost.clock.run(5_000);
  lost.lose('ETIMEDOUT');
  lost.clock.run(5_000);
  expect(lost.told).toEqual([
    { at: 0, kind: 'ready' },
    { at: 5_000, kind: 'host-silent' },
    { at: 5_000, kind: 'ready' },
  ]);
});

test('suspicion has it ask at once, at most once a second', () => {
  const suspected = scene([READY]);
  for (const at of [3_000, 3_100, 3_900, 4_000, 7_000]) {
    suspected.clock.run(at);
    suspected.prober.probeSoon();
  }
  suspected.clock.run(7_500);
  expect(suspected.told.map(({ at }) => at)).toEqual([0, 3_000, 4_000, 5_000, 7_000]);
});

test('asked anew, a host that was silent gets a fresh connection at once, and the whole time', () => {
  const silent = scene([{ kind: 'host-silent', reason: 'etimedout', since: 0 }, () => undefined], () => 100);
  silent.clock.run(200);
  expect(silent.limits, 'the second one is open').toEqual([1000, 500]);
  silent.prober.probeAnew();
  silent.clock.run(300);
  expect(silent.limits).toEqual([1000, 500, 1000]);
  expect(silent.channels).toEqual([{ close: true }, { close: true }, { close: false }]);
});

test('asked anew, one that acknowledges keeps its connection and its open question', () => {
  const slow = scene([() => undefined, READY]);
  slow.clock.run(0);
  slow.answer({ kind: 'process-silent', reason: 'no answer', since: 0 }, false);
  slow.prober.probeAnew();
  slow.clock.run(5_000);
  expect([slow.limits, slow.channels]).toEqual([[1000], [{ close: false }]]);
});

test('suspicion does not put off a question that is due before', () => {
  const open = scene([READY], () => 100);
  open.clock.run(50);
  open.prober.probeSoon();
  open.clock.run(250);
  expect(open.told.map(({ at }) => at)).toEqual([0, 100, 200]);
});

test('what throws is a fault of ours, and the next question is planned all the same', () => {
  const faulty = scene([
    () => {
      throw new Error('key values mismatch');
    },
    READY,
  ]);
  faulty.clock.run(10_000);
  expect(kinds(faulty)).toEqual(['local-fault', 'ready']);
});

test('stop ends it, and lets go of the channel', () => {
  const stopped = scene([READY]);
  stopped.clock.run(1_000);
  stopped.prober.stop();
  stopped.prober.probeSoon();
  stopped.clock.run(60_000);
  expect([stopped.told.length, stopped.channels]).toEqual([1, [{ close: true }]]);
});
