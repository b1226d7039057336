// What the daemon runs with: all sources put together, defaults filled in, contradictions refused. Pure.
import { UsageError } from '../errors.ts';
import { DEFAULT_ACCEPTED } from '../health/evidence.ts';
import type { HostPort } from '../model/address.ts';
import { type ProxySpec, type SpecNames, validateSpec, validateSpecBeforeDiscovery } from '../model/spec.ts';
import { specOf } from '../model/spec-values.ts';
import { refuse } from '../model/values.ts';
import { type FileSettings, flagName, type Key, overlay, type Settings } from './settings.ts';

export interface ProbeConfig {
  readonly kind: 'readyz' | 'livez' | 'healthz' | 'tcp' | 'none';
  /** For the HTTP kinds. */
  readonly path: string;
  /** HTTP statuses that count as ready. */
  readonly accepted: ReadonlySet<number>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** A process that acknowledges and does not answer is taken for hung after this. */
  readonly hangTimeMs: number;
  readonly rise: number;
  readonly fall: number;
  /** PEM; undefined = the daemon looks for the cluster's. */
  readonly caFile: string | undefined;
  /** Read anew for each connection. */
  readonly tokenFile: string | undefined;
  /** PEM; both or neither. */
  readonly clientCertificate: string | undefined;
  readonly clientKey: string | undefined;
}

export interface DaemonConfig {
  /** Without real servers where discovery is to name them and nobody else did. */
  readonly spec: ProxySpec;
  /** The last good set, as this node has it, whatever flags and file say. */
  readonly persisted: ProxySpec | undefined;
  readonly discovery: 'endpoints' | 'nodes' | 'static';
  readonly kubeconfig: string | undefined;
  /** https://... */
  readonly server: string | undefined;
  readonly probe: ProbeConfig;
  readonly drainTimeoutMs: number;
  /** How long masters that left discovery while they were dead are remembered; 0 = not. */
  readonly rememberMs: number;
  /** Undefined = no HTTP server. */
  readonly listen: HostPort | undefined;
  readonly persistDir: string;
  /** auto: text on a terminal, JSON elsewhere. */
  readonly logFormat: 'auto' | 'json' | 'text';
}

export interface Sources {
  readonly flags: Settings;
  readonly file: Pick<FileSettings, 'settings' | 'nameOf'>;
  readonly persisted: ProxySpec | undefined;
  readonly persistDir: string;
}

/** Throws UsageError. Flags win over the file, the file over the persisted set, that over defaults. */
export function buildDaemonConfig(sources: Sources): DaemonConfig {
  const { flags, file, persisted } = sources;
  const settings = overlay(
    flags,
    overlay(file.settings, persisted === undefined ? {} : settingsOf(persisted)),
  );
  const nameOf = (key: Key): string => {
    if (flags[key] === undefined && file.settings[key] !== undefined) return file.nameOf(key);
    return flags[key] === undefined && persisted !== undefined ? `persisted ${key}` : `--${flagName(key)}`;
  };
  const discovery = settings.discovery ?? 'endpoints';
  const { listen = { address: '127.0.0.1', port: 8004 } } = settings;
  return Object.freeze({
    spec: Object.freeze(buildSpec(settings, discovery, nameOf)),
    persisted,
    discovery,
    kubeconfig: settings.kubeconfig,
    server: settings.server,
    probe: Object.freeze(buildProbe(settings, nameOf)),
    drainTimeoutMs: settings.drainTimeout ?? 60_000,
    rememberMs: settings.remember ?? 7 * 86_400_000,
    listen: listen === 'none' ? undefined : listen,
    persistDir: sources.persistDir,
    logFormat: settings.logFormat ?? 'auto',
  });
}

function settingsOf({ virtualServer, realServers, scheduler, ...rest }: ProxySpec): Settings {
  const { schedulerFlags, sourceIp, mtu, route } = rest;
  return {
    vs: virtualServer,
    rs: realServers,
    scheduler,
    schedulerFlags,
    ...(sourceIp !== undefined && { sourceIp }),
    ...(mtu !== undefined && { mtu }),
    route,
  };
}

function buildSpec(
  settings: Settings,
  discovery: DaemonConfig['discovery'],
  nameOf: (key: Key) => string,
): ProxySpec {
  const { vs } = settings;
  if (vs === undefined) {
    throw new UsageError(
      '--vs: the virtual server is missing; give --vs VIP:PORT, for example 10.99.0.1:6443, or key vs in the file of -f, or run init first',
    );
  }
  const spec = specOf({ ...settings, vs });
  const names: SpecNames = {
    vs: nameOf('vs'),
    rs: nameOf('rs'),
    scheduler: nameOf('scheduler'),
    schedulerFlags: nameOf('schedulerFlags'),
    sourceIp: nameOf('sourceIp'),
  };
  if (discovery === 'static') validateSpec(spec, names);
  else validateSpecBeforeDiscovery(spec, names);
  return spec;
}

function buildProbe(settings: Settings, nameOf: (key: Key) => string): ProbeConfig {
  const { probe: kind = 'readyz', probePath, probeStatus, clientCertificate, clientKey } = settings;
  const forHttp = (['probePath', 'probeStatus'] as const).find(key => settings[key] !== undefined);
  if (forHttp !== undefined && (kind === 'tcp' || kind === 'none')) {
    const rule = `${nameOf('probe')} ${kind} sends no HTTP request; leave one of the two out`;
    throw refuse(nameOf(forHttp), settings[forHttp], rule);
  }
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    const [given, missing] = clientKey === undefined ? PAIR : PAIR.toReversed();
    throw refuse(nameOf(given), settings[given], `--${flagName(missing)} is missing; give both or neither`);
  }
  return {
    kind,
    path: probePath ?? (kind === 'tcp' || kind === 'none' ? '' : `/${kind}`),
    accepted: probeStatus === undefined ? DEFAULT_ACCEPTED : new Set(probeStatus),
    intervalMs: settings.probeInterval ?? 10_000,
    timeoutMs: settings.probeTimeout ?? 1000,
    hangTimeMs: settings.hangTime ?? 4000,
    rise: settings.rise ?? 2,
    fall: settings.fall ?? 2,
    caFile: settings.caFile,
    tokenFile: settings.tokenFile,
    clientCertificate,
    clientKey,
  };
}

const PAIR = ['clientCertificate', 'clientKey'] as const;
