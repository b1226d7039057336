// `--probe tcp`: does somebody accept connections? For masters whose health paths cannot be asked.
import { connect, type Socket } from 'node:net';
import { errnoCode } from '../errors.ts';
import { type Evidence, judgeFailure } from '../health/evidence.ts';
import type { HostPort } from '../model/address.ts';
import type { ProbeChannel } from './channel.ts';

/** A fresh connection for every probe: nothing is kept open in between. */
export function tcpChannel({ address, port }: HostPort): ProbeChannel {
  let socket: Socket | undefined;
  return {
    probe(limitMs, tell) {
      const startedAt = performance.now();
      const attempt = connect({ host: address, port });
      socket = attempt;
      const finish = (evidence: Evidence): void => {
        attempt.destroy();
        if (socket !== attempt) return;
        socket = undefined;
        tell(evidence, true);
      };
      attempt.setTimeout(limitMs, () => finish(judgeFailure('ETIMEDOUT', startedAt)));
      attempt.once('error', error => finish(judgeFailure(errnoCode(error) ?? 'EPROTO', startedAt)));
      attempt.once('connect', () => finish({ kind: 'ready', latencyMs: performance.now() - startedAt }));
    },
    close() {
      const open = socket;
      socket = undefined;
      open?.destroy();
    },
  };
}
