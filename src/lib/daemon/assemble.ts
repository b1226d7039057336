// Puts a daemon together from its configuration: real sockets, real files, real discovery.

import { systemClock } from '../clock.ts';
import type { DaemonConfig, ProbeConfig } from '../config/daemon-config.ts';
import { openEndpointSource } from '../discovery/open.ts';
import type { Logger } from '../log.ts';
import { equalHostPort, familyOf, type HostPort } from '../model/address.ts';
import type { ProxySpec } from '../model/spec.ts';
import type { OpenChannel } from '../probe/channel.ts';
import { ProbeConnection, type TlsSettings } from '../probe/connection.ts';
import { credentialsFrom } from '../probe/credentials.ts';
import { Prober } from '../probe/prober.ts';
import { tcpChannel } from '../probe/tcp.ts';
import type { Kernel } from '../reconcile/kernel.ts';
import type { SocketClient } from '../sockets/client.ts';
import { formatMemory, loadMemory, saveMemory } from '../store/memory.ts';
import { formatPersisted, savePersisted } from '../store/persisted-set.ts';
import { rememberSysctls } from '../store/state-file.ts';
import type { Telemetry } from '../telemetry.ts';
import type { StartProbe } from './candidate.ts';
import { Daemon, type DaemonParts } from './daemon.ts';

export interface Surroundings {
  readonly kernel: Kernel;
  readonly sockets: SocketClient;
  readonly telemetry: Telemetry;
  readonly log: Logger;
}

export function assembleDaemon(
  config: DaemonConfig,
  { kernel, sockets, telemetry, log }: Surroundings,
  files: DaemonFiles = filesOf(config),
): Daemon {
  const { probe, discovery, kubeconfig, server } = config;
  const spec = beginning(config);
  return new Daemon({
    spec,
    kernel,
    sockets,
    telemetry,
    openSource: healthy =>
      openEndpointSource({
        discovery,
        family: familyOf(spec.virtualServer.address),
        realServers: spec.realServers,
        port: spec.realServers[0]?.port ?? DEFAULT_APISERVER_PORT,
        cluster: { kubeconfig, server },
        fallbackServers: healthy,
        notice: text => log.info(text),
      }),
    startProbe: startProbe(
      probe,
      clusterCa(config, error => telemetry.problem('credentials', error)),
    ),
    clock: systemClock,
    probe,
    drainTimeoutMs: config.drainTimeoutMs,
    rememberMs: config.rememberMs,
    rememberSysctls: before => rememberSysctls(config.persistDir, before),
    ...files,
  });
}

/** What it keeps on disk, and whether it is still to keep the kernel. */
export type DaemonFiles = Pick<DaemonParts, 'persisted' | 'memory' | 'mayPass'>;

function filesOf({ spec, persistDir, discovery, rememberMs }: DaemonConfig): DaemonFiles {
  const { virtualServer } = spec;
  return {
    persisted: {
      what: 'persisting the real servers',
      format: formatPersisted,
      save: good => void savePersisted(persistDir, good),
    },
    // Those of --rs do not leave by themselves.
    memory:
      discovery === 'static' || rememberMs === 0
        ? undefined
        : {
            what: 'remembering masters',
            load: () => loadMemory(persistDir, virtualServer),
            format: masters => formatMemory(virtualServer, masters),
            save: masters => void saveMemory(persistDir, virtualServer, masters),
          },
  };
}

/**
 * Where discovery names the real servers, the last good set that it named is the best to begin with: flags may be from the
 * day when the node was installed.
 */
export function beginning({ spec, persisted, discovery }: DaemonConfig): ProxySpec {
  if (discovery === 'static' || persisted === undefined) return spec;
  if (!equalHostPort(persisted.virtualServer, spec.virtualServer)) return spec;
  return { ...spec, realServers: persisted.realServers };
}

/** kubeadm's, for `--discovery nodes` where no real server is known that would tell. */
const DEFAULT_APISERVER_PORT = 6443;

function startProbe(probe: ProbeConfig, readCredentials: () => TlsSettings): StartProbe {
  return (target, nextInMs, onEvidence) =>
    new Prober({
      open: openChannel(probe, target, readCredentials),
      clock: systemClock,
      limitMs: probe.timeoutMs,
      nextInMs,
      onEvidence,
    });
}

function openChannel(probe: ProbeConfig, target: HostPort, readCredentials: () => TlsSettings): OpenChannel {
  const { kind, path, accepted } = probe;
  switch (kind) {
    case 'none':
      return () => ({ probe: (_limitMs, tell) => tell({ kind: 'ready', latencyMs: 0 }, true), close() {} });
    case 'tcp':
      return () => tcpChannel(target);
    default:
      return onLost => new ProbeConnection(target, { path, accepted, tls: readCredentials }, onLost);
  }
}

function clusterCa(
  { probe, kubeconfig }: DaemonConfig,
  problem: (error: unknown) => void,
): () => TlsSettings {
  const { caFile, tokenFile, clientCertificate, clientKey } = probe;
  return credentialsFrom(
    {
      caFile,
      tokenFile,
      certificateFile: clientCertificate,
      keyFile: clientKey,
      kubeconfig,
    },
    problem,
  );
}
