// The life of the daemon's process: signals, reloading, and what listens to it. Stopping never changes the kernel.
import { openKernel, openSockets } from '../app.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import type { LoadedDaemonConfig } from '../config/load.ts';
import { messageOf } from '../errors.ts';
import { isModuleLoaded, loadModule, neededModules } from '../host/modules.ts';
import { createLogger, type Logger } from '../log.ts';
import { requireNetAdmin } from '../operations/preflight.ts';
import { assembleDaemon } from './assemble.ts';
import { logTelemetry } from './log-telemetry.ts';

/** Resolves after SIGTERM or SIGINT. Throws what makes a start impossible; at SIGHUP the same is only logged. */
export async function runDaemon(load: () => LoadedDaemonConfig): Promise<void> {
  let { config, notes } = load();
  requireNetAdmin();
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(signal));
  const log = openLog(config);
  while (!stop.signal.aborted) {
    for (const note of notes) log.warn(note);
    await loadModules(config, log);
    const reloaded = await runUntilReload(config, log, load, stop.signal);
    if (reloaded !== undefined) ({ config, notes } = reloaded);
  }
  log.info('stopped; the rules stay as they are', { signal: String(stop.signal.reason) });
}

/** One daemon with one configuration. Resolves to the next one at SIGHUP, to undefined when all is over. */
async function runUntilReload(
  config: DaemonConfig,
  log: Logger,
  load: () => LoadedDaemonConfig,
  stop: AbortSignal,
): Promise<LoadedDaemonConfig | undefined> {
  const reload = new AbortController();
  let next: LoadedDaemonConfig | undefined;
  const onHangup = (): void => {
    try {
      next = load();
      reload.abort();
    } catch (error) {
      log.error(`the configuration was not reloaded: ${messageOf(error)}`);
    }
  };
  process.on('SIGHUP', onHangup);
  try {
    const telemetry = logTelemetry(log);
    const daemon = assembleDaemon(config, { kernel: openKernel(), sockets: openSockets(), telemetry, log });
    await daemon.run(AbortSignal.any([stop, reload.signal]));
  } finally {
    process.off('SIGHUP', onHangup);
  }
  return next;
}

/** In a container modules cannot be loaded; then init did it on the host, or the passes say what is missing. */
async function loadModules({ spec }: DaemonConfig, log: Logger): Promise<void> {
  for (const name of neededModules(spec.scheduler).filter(module => !isModuleLoaded(module))) {
    try {
      const { warning } = await loadModule(name);
      if (warning !== undefined) log.warn(warning);
    } catch (error) {
      log.warn(messageOf(error));
    }
  }
}

function openLog({ logFormat }: DaemonConfig): Logger {
  const format = logFormat === 'auto' ? (process.stdout.isTTY ? 'text' : 'json') : logFormat;
  return createLogger(line => process.stdout.write(line), format);
}
