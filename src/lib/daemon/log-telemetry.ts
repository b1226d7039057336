// Telemetry as log lines. Single probes are not logged: their consequences are.
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { formatHostPort } from '../model/address.ts';
import { describeStep } from '../reconcile/steps.ts';
import { listener, type Telemetry } from '../telemetry.ts';

export function logTelemetry(log: Logger): Telemetry {
  return listener({
    changed({ realServer, from, to, reason }) {
      const write = to === 'ready' || to === 'new' ? log.info : log.warn;
      write(`real server ${formatHostPort(realServer)} is ${to}`, { from, to, reason: reason || undefined });
    },
    discovered(added, left) {
      const list = (servers: typeof added): string | undefined =>
        servers.map(formatHostPort).join(' ') || undefined;
      log.info('discovery named another set of real servers', { added: list(added), left: list(left) });
    },
    forgotten(realServer) {
      log.info(`real server ${formatHostPort(realServer)} is gone`);
    },
    held(holding) {
      if (holding)
        log.error('no real server is known to serve: all stay as they are, holding the last known good set');
      else log.info('a real server answers again: no longer holding');
    },
    repaired(step) {
      log.warn(`repaired: ${describeStep(step)}`, { step: step.kind });
    },
    applied(step) {
      log.info(describeStep(step), { step: step.kind });
    },
    stepFailed(step, error) {
      log.error(`could not ${describeStep(step)}: ${messageOf(error)}`, { step: step.kind });
    },
    connectionsReset(count) {
      log.info(`broke ${count} connection${count === 1 ? '' : 's'} that no real server served`, {
        count,
      });
    },
    problem(what, error) {
      log.error(`${what}: ${messageOf(error)}`);
    },
  });
}
