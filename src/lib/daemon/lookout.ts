// After a boot: what was restored without asking anybody is looked after until a daemon takes over. The daemon may be a pod
// that kubelet starts, and with scheduler sh kubelet reaches one master only: if that one is dead, nobody would ever take it out.
//
// INVARIANT: it never works against anybody. It ends when a daemon has the lock, when the persisted set is changed, when
// somebody else changes the real servers, and when the virtual server is removed together with its route.
import { setTimeout as delay } from 'node:timers/promises';
import { openKernel, openSockets } from '../app.ts';
import { buildDaemonConfig } from '../config/daemon-config.ts';
import { ignoreAbort } from '../errors.ts';
import { createLogger } from '../log.ts';
import { formatHostPort } from '../model/address.ts';
import type { ProxySpec } from '../model/spec.ts';
import { type Kernel, observe } from '../reconcile/kernel.ts';
import { DaemonLock } from '../store/daemon-lock.ts';
import { formatMemory, loadMemory } from '../store/memory.ts';
import { formatPersisted, loadPersisted } from '../store/persisted-set.ts';
import { leadsToJournal } from '../systemd/journal.ts';
import { createNotifier } from '../systemd/notify.ts';
import { assembleDaemon } from './assemble.ts';
import { logTelemetry } from './log-telemetry.ts';

/** Resolves when it has ended, for whatever reason. The kernel stays as it is. */
export async function lookOn(persistDir: string, forMs: number): Promise<void> {
  const log = createLogger(line => process.stderr.write(line), {
    format: 'text',
    journal: leadsToJournal(2, process.env),
  });
  const notifier = createNotifier(process.env, sentence => log.warn(sentence));
  const spec = loadPersisted(persistDir)?.spec;
  const name = spec === undefined ? 'nothing' : formatHostPort(spec.virtualServer);
  notifier.ready(`restored ${name}`);
  if (spec === undefined) return;
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(signal));
  void delay(forMs, undefined, { signal: stop.signal }).then(() => stop.abort('time is over'), ignoreAbort);
  const kernel = openKernel();
  const lock = new DaemonLock(persistDir, spec.virtualServer);
  // Whoever was waited for once: its time may be over while the kernel still has it.
  const ours = new Set(spec.realServers.map(formatHostPort));
  const daemon = assembleDaemon(
    configOf(spec, persistDir),
    { kernel, sockets: openSockets(), telemetry: logTelemetry(log), log },
    {
      persisted: { what: 'nothing', format: () => '', save() {} },
      memory: {
        what: 'nothing',
        load: () => loadMemory(persistDir, spec.virtualServer),
        format: masters => formatMemory(spec.virtualServer, masters),
        save() {},
      },
      mayPass: ({ candidates }) => {
        for (const one of candidates.remembered()) ours.add(formatHostPort(one));
        const why = lock.isTaken ? 'a daemon keeps it' : whyNotOurs(ours, kernel, spec, persistDir);
        if (why !== undefined) stop.abort(why);
        return why === undefined;
      },
    },
  );
  await daemon.run(stop.signal);
  log.info(`looked after ${name} until now; the rules stay as they are`, {
    ended: String(stop.signal.reason),
  });
}

function configOf(spec: ProxySpec, persistDir: string) {
  const nothing = { settings: {}, nameOf: (key: string) => key };
  const flags = { discovery: 'static', listen: 'none' } as const;
  return buildDaemonConfig({ flags, file: nothing, persisted: spec, persistDir });
}

function whyNotOurs(
  ours: ReadonlySet<string>,
  kernel: Kernel,
  spec: ProxySpec,
  persistDir: string,
): string | undefined {
  const persisted = loadPersisted(persistDir)?.spec;
  if (persisted === undefined || formatPersisted(persisted) !== formatPersisted(spec))
    return 'the persisted set was changed';
  const { virtualServer, realServers, route } = observe(kernel, spec.virtualServer, []);
  if (virtualServer === undefined && spec.route && route === undefined) return 'it was removed';
  const areOurs = realServers.every(one => ours.has(formatHostPort(one)));
  return areOurs ? undefined : 'something else changed its real servers';
}
