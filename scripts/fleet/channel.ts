// A probe's connection to a modelled master, as src/lib/probe/connection.ts has one to a real one.
import type { Evidence } from '../../src/lib/health/evidence.ts';
import type { ProbeChannel } from '../../src/lib/probe/channel.ts';
import type { Engine } from './engine.ts';
import { COST, type Path } from './master.ts';

/** When the kernel gives up on a peer that does not acknowledge: 1 s of keep-alive, 1.5 s of silence, its clock. */
const SENTINEL_MS = 2000;
const REPEAT_MS = 1000;

export function openChannel(engine: Engine, path: Path, onLost: (code: string) => void): ProbeChannel {
  let connected = false;
  let open: { tell: (evidence: Evidence, final: boolean) => void; sentAt: number } | undefined;
  let timers: unknown[] = [];
  const later = (milliseconds: number, callback: () => void): void => {
    timers.push(engine.setTimeout(callback, milliseconds));
  };
  const finish = (evidence: Evidence): void => {
    for (const timer of timers) engine.clearTimeout(timer);
    timers = [];
    const question = open;
    open = undefined;
    question?.tell(evidence, true);
  };
  const silent = (): Evidence => ({
    kind: 'host-silent',
    reason: 'etimedout',
    since: engine.now() - SENTINEL_MS,
  });
  const changed = (): void => {
    if (!connected) return;
    if (path.condition === 'crashed') {
      connected = false;
      if (open !== undefined) finish({ kind: 'closed', reason: 'econnreset' });
      else onLost('ECONNRESET');
    } else if (path.condition === 'off') {
      connected = false;
      engine.setTimeout(
        () => (open !== undefined ? finish(silent()) : onLost('ETIMEDOUT')),
        SENTINEL_MS + engine.random() * 1000,
      );
    }
  };
  path.listeners.add(changed);
  return {
    probe(limitMs, tell) {
      const sentAt = engine.now();
      open = { tell, sentAt };
      if (path.condition === 'crashed') {
        later(1, () => finish({ kind: 'refused', reason: 'econnrefused' }));
        return;
      }
      if (path.condition === 'off') {
        later(limitMs, () => finish({ kind: 'host-silent', reason: 'etimedout', since: sentAt }));
        return;
      }
      const cost = COST.probe + (connected ? 0 : COST.handshake);
      connected = true;
      const tick = (): void => {
        open?.tell({ kind: 'process-silent', reason: 'no answer', since: sentAt }, false);
        later(REPEAT_MS, tick);
      };
      later(limitMs, tick);
      if (path.condition === 'hung') return;
      path.master.ask(cost, () => {
        // What was given up before has nobody to tell.
        if (open?.sentAt !== sentAt || path.condition !== 'up') return;
        const latencyMs = engine.now() - sentAt;
        finish({ kind: latencyMs <= limitMs ? 'ready' : 'late', latencyMs });
      });
    },
    close() {
      path.listeners.delete(changed);
      for (const timer of timers) engine.clearTimeout(timer);
      open = undefined;
    },
  };
}
