// `--probe tcp`: does somebody accept connections? For masters whose health paths cannot be asked.
import { connect } from 'node:net';
import { errnoCode } from '../errors.ts';
import { judgeFailure, type Outcome } from '../health/outcome.ts';
import type { HostPort } from '../model/address.ts';
import type { ProbeChannel } from './channel.ts';

/** A fresh connection for every probe: nothing is kept open, so nothing has to be closed. */
export function tcpChannel(target: HostPort): ProbeChannel {
  return { probe: timeoutMs => probeTcp(target, timeoutMs), close() {} };
}

function probeTcp({ address, port }: HostPort, timeoutMs: number): Promise<Outcome> {
  const startedAt = performance.now();
  return new Promise(resolve => {
    const socket = connect({ host: address, port });
    const finish = (outcome: Outcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(timeoutMs, () => finish(judgeFailure('ETIMEDOUT')));
    socket.once('error', error => finish(judgeFailure(errnoCode(error) ?? 'EPROTO')));
    socket.once('connect', () => finish({ kind: 'ready', latencyMs: performance.now() - startedAt }));
  });
}
