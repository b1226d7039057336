// The JSON configuration of the original program, in terms of ours. Its keys are those of its ProxyAPIServerOptions
// (cmd/config/options.go) with the common parts for address, log and process. Empty texts are what its template
// leaves where a variable is not set: as good as absent. Pure.

import { refuse } from '../model/values.ts';
import { asRecord, type Mapping } from './mapping.ts';
import { type FileSettings, isKey, type Key, readSettings } from './settings.ts';

/** What only the original's file has. */
const MARKS = [
  'proxyLvs',
  'persistConfig',
  'healthCheck',
  'k8sConfig',
  'systemInterval',
  'realServer',
  'address',
  'port',
  'debugMode',
];

/** Throws UsageError when the document has keys of both forms. */
export function isOriginal(document: Mapping): boolean {
  const names = Object.keys(document);
  const mark = names.find(name => MARKS.includes(name));
  const ours = names.find(isKey);
  if (mark !== undefined && ours !== undefined) {
    const rule = `a key of the original program's file beside our key ${ours}; use one form for all`;
    throw refuse('key', mark, rule);
  }
  return mark !== undefined;
}

/** Where each of our keys comes from; errors name that. */
const ORIGIN: Partial<Record<Key, string>> = {
  vs: 'proxyLvs.virtualAddress',
  scheduler: 'proxyLvs.lvsScheduler',
  rs: 'realServer.realServers',
  persistDir: 'persistConfig.ipvsPersistDir',
  probe: 'healthCheck.healthPath',
  probePath: 'healthCheck.healthPath',
  kubeconfig: 'k8sConfig.kubeConfig',
  server: 'k8sConfig.master',
  listen: 'address, port',
};

function nameOf(key: Key): string {
  return `key ${ORIGIN[key] ?? key}`;
}

const KNOWN_PARTS: Record<string, readonly string[]> = {
  proxyLvs: ['virtualAddress', 'lvsScheduler'],
  realServer: ['realServers'],
  persistConfig: ['ipvsPersistDir'],
  healthCheck: ['healthScheme', 'healthPath'],
  k8sConfig: ['master', 'kubeConfig'],
};

export function readOriginal(document: Mapping): FileSettings {
  const { raw, notes } = translateOriginal(document);
  return { settings: readSettings(raw, nameOf), nameOf, notes };
}

/** Our keys with the original's values, unchecked, and what of the document means nothing here. */
export function translateOriginal(document: Mapping): {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
} {
  const part = (name: string) => asRecord(document[name] ?? {}, `key ${name}`);
  const lvs = part('proxyLvs');
  const health = part('healthCheck');
  const k8s = part('k8sConfig');
  const raw = {
    vs: given(lvs.virtualAddress),
    scheduler: given(lvs.lvsScheduler),
    rs: given(part('realServer').realServers),
    persistDir: given(part('persistConfig').ipvsPersistDir),
    kubeconfig: given(k8s.kubeConfig),
    server: serverUrl(given(k8s.master)),
    listen: listenAddress(given(document.address), given(document.port)),
    ...probeOf(given(health.healthPath)),
  };
  return { raw, notes: [...noteScheme(given(health.healthScheme)), ...noteIgnored(document, part)] };
}

/** Undefined for what a template left empty. */
function given(value: unknown): unknown {
  const empty = value === null || value === '' || (Array.isArray(value) && value.length === 0);
  return empty ? undefined : value;
}

/** The original's client took a bare HOST:PORT as well. */
function serverUrl(master: unknown): unknown {
  return typeof master === 'string' && !master.includes('://') ? `https://${master}` : master;
}

function listenAddress(address: unknown, port: unknown): string | undefined {
  if (address === undefined && port === undefined) return undefined;
  const host = String(address ?? '127.0.0.1');
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return `${bracketed}:${port ?? 8004}`;
}

function probeOf(path: unknown): Mapping {
  if (path === undefined) return {};
  const kind = ['readyz', 'livez', 'healthz'].find(name => path === `/${name}`);
  return kind === undefined ? { probe: 'readyz', probePath: path } : { probe: kind };
}

function noteScheme(scheme: unknown): string[] {
  if (scheme === undefined || scheme === 'https') return [];
  if (scheme !== 'http') throw refuse('key healthCheck.healthScheme', scheme, 'https is expected');
  return ['key healthCheck.healthScheme http is ignored: apiservers are probed over HTTPS'];
}

const LOG_KEYS = /^(log_.*|logtostderr|alsologtostderr|stderrthreshold|vmodule|v|pid_dir)$/;

function noteIgnored(document: Mapping, part: (name: string) => Mapping): string[] {
  const names = Object.keys(document);
  const { debugMode, systemInterval } = document;
  const logs = names.filter(name => LOG_KEYS.test(name));
  const known = new Set([...logs, ...MARKS]);
  const others = [
    ...names.filter(name => !known.has(name)),
    ...Object.entries(KNOWN_PARTS).flatMap(([name, keys]) =>
      Object.keys(part(name)).flatMap(key => (keys.includes(key) ? [] : [`${name}.${key}`])),
    ),
  ];
  const notes: [boolean, string][] = [
    [
      given(systemInterval) !== undefined,
      'key systemInterval is ignored: the API is watched instead of polled',
    ],
    [debugMode === true, 'key debugMode is ignored: there is no profiling over HTTP'],
    [logs.length > 0, `${keys(logs)} ignored: logs go to standard output, and there is no PID file`],
    [others.length > 0, `${keys(others)} ignored: nothing here corresponds`],
  ];
  return notes.flatMap(([applies, note]) => (applies ? [note] : []));
}

function keys(names: readonly string[]): string {
  return names.length === 1 ? `key ${names[0]} is` : `keys ${names.join(', ')} are`;
}
