// The life of the daemon's process: signals, reloading, and who listens to it. Stopping never changes the kernel.
import { openKernel, openSockets } from '../app.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import type { LoadedDaemonConfig } from '../config/load.ts';
import { messageOf } from '../errors.ts';
import { isModuleLoaded, loadModule, neededModules } from '../host/modules.ts';
import { requireNetAdmin } from '../host/privileges.ts';
import { HttpServer } from '../http/server.ts';
import { createLogger, type Fields, type Logger } from '../log.ts';
import { formatHostPort } from '../model/address.ts';
import type { Kernel } from '../reconcile/kernel.ts';
import type { SocketClient } from '../sockets/client.ts';
import { DaemonLock } from '../store/daemon-lock.ts';
import { leadsToJournal } from '../systemd/journal.ts';
import { createNotifier, type Notifier } from '../systemd/notify.ts';
import { fanOut, listener, type Telemetry } from '../telemetry.ts';
import { assembleDaemon } from './assemble.ts';
import type { Daemon } from './daemon.ts';
import { EventLog } from './event-log.ts';
import { logTelemetry } from './log-telemetry.ts';
import { LogOutput } from './output.ts';
import { type Subject, viewOf } from './view.ts';

export interface RunOptions {
  /** Called again at SIGHUP. */
  readonly load: () => LoadedDaemonConfig;
  readonly version: string;
  /** That the program was built from. */
  readonly commit: string;
}

/** Resolves after SIGTERM or SIGINT. Throws what makes a start impossible; at SIGHUP the same is only logged. */
export async function runDaemon({ load, version, commit }: RunOptions): Promise<void> {
  let { config, notes } = load();
  requireNetAdmin();
  const output = new LogOutput();
  const log = openLog(config, output);
  const notifier = createNotifier(process.env, sentence => log.warn(sentence));
  const stop = new AbortController();
  let reload = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(signal));
  process.on('SIGHUP', () => {
    try {
      ({ config, notes } = load());
      notifier.reloading();
      reload.abort();
    } catch (error) {
      log.error(`the configuration was not reloaded: ${messageOf(error)}`);
    }
  });
  const around: Surroundings = {
    version,
    commit,
    log,
    notifier,
    kernel: openKernel(),
    sockets: openSockets(),
  };
  while (!stop.signal.aborted) {
    log.info(...greeting(config, `${version} (${commit})`));
    for (const note of notes) log.warn(note);
    reload = new AbortController();
    await runWith(config, around, AbortSignal.any([stop.signal, reload.signal]));
  }
  notifier.stopping();
  log.info('stopped; the rules stay as they are', { signal: String(stop.signal.reason) });
  await output.end();
}

/** What outlives a reload. */
interface Surroundings {
  readonly version: string;
  readonly commit: string;
  readonly log: Logger;
  readonly notifier: Notifier;
  readonly kernel: Kernel;
  readonly sockets: SocketClient;
}

/** The first line of a daemon, and of each configuration: what it does, and where. */
function greeting(config: DaemonConfig, version: string): [string, Fields] {
  const { spec, persisted, discovery, kubeconfig, probe, listen } = config;
  const masters = spec.realServers.length === 0 ? persisted?.realServers : spec.realServers;
  return [
    `bcs-apiserver-proxy ${version} keeps ${formatHostPort(spec.virtualServer)}`,
    {
      scheduler: spec.scheduler,
      discovery,
      kubeconfig,
      masters: masters?.map(formatHostPort).join(','),
      probe: probe.kind,
      listen: listen && formatHostPort(listen),
    },
  ];
}

/** One daemon with one configuration, until aborted. */
async function runWith(config: DaemonConfig, around: Surroundings, signal: AbortSignal): Promise<void> {
  const { log, notifier, kernel, sockets } = around;
  await loadModules(config, log);
  const logged = logTelemetry(log);
  const events = new EventLog(config.persistDir, logged.problem);
  const listeners: Telemetry[] = [logged, events.telemetry, notifying(config, notifier, () => daemon)];
  const lock = new DaemonLock(config.persistDir, config.spec.virtualServer);
  const http = await openHttp(config, around, listeners, () => ({ daemon, lock: lock.view }));
  const telemetry = fanOut(listeners);
  const daemon: Daemon = assembleDaemon(config, { kernel, sockets, telemetry, log });
  try {
    http?.start();
    if (await takeLock(lock, config, around, signal)) await daemon.run(signal);
  } finally {
    lock.release();
    await http?.close();
    events.flush();
  }
}

/** Returns whether to go on. Where there can be no lock, a daemon without one is better than none. */
async function takeLock(
  lock: DaemonLock,
  { spec }: DaemonConfig,
  { log, notifier }: Surroundings,
  signal: AbortSignal,
): Promise<boolean> {
  const name = formatHostPort(spec.virtualServer);
  let told: string | undefined;
  try {
    return await lock.take(signal, holder => {
      notifier.watchdog();
      if (holder === told) return;
      told = holder;
      log.warn(`another daemon keeps ${name} (${holder}): waiting until it ends`);
      notifier.ready(`waiting: another daemon keeps ${name} (${holder})`);
    });
  } catch (error) {
    log.warn(`two daemons for ${name} could not be kept apart: ${messageOf(error)}`);
    return true;
  }
}

/** Adds the metrics to the listeners. Loaded only where they are served. */
async function openHttp(
  config: DaemonConfig,
  { version, commit, log }: Surroundings,
  listeners: Telemetry[],
  subject: () => Subject,
): Promise<HttpServer | undefined> {
  if (config.listen === undefined) return undefined;
  const { Metrics } = await import('../http/metrics.ts');
  const { routesOf } = await import('../http/routes.ts');
  const view = viewOf(subject, config);
  const metrics = new Metrics(view, version, commit);
  listeners.push(metrics.telemetry);
  return new HttpServer(config.listen, routesOf(view, metrics, version), log);
}

/** systemd: ready with the first pass that succeeded, alive with each pass while no other loop is stuck. */
export function notifying(
  { spec }: Pick<DaemonConfig, 'spec'>,
  notifier: Pick<Notifier, 'watchdogIntervalMs' | 'watchdog' | 'ready'>,
  daemon: () => Pick<Daemon, 'stuck'>,
): Telemetry {
  const { watchdogIntervalMs } = notifier;
  let ready = false;
  let aliveAt = 0;
  return listener({
    passFinished(_durationMs, ok) {
      const now = performance.now();
      const isDue = watchdogIntervalMs !== undefined && now - aliveAt >= watchdogIntervalMs;
      if (isDue && daemon().stuck.length === 0) {
        aliveAt = now;
        notifier.watchdog();
      }
      if (ready || !ok) return;
      ready = true;
      notifier.ready(`keeping ${formatHostPort(spec.virtualServer)}`);
    },
  });
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

function openLog({ logFormat }: DaemonConfig, output: LogOutput): Logger {
  const format = logFormat === 'auto' ? (process.stdout.isTTY ? 'text' : 'json') : logFormat;
  return createLogger(line => output.write(line), { format, journal: leadsToJournal(1, process.env) });
}
