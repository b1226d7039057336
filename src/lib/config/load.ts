// Reads the configuration of the daemon: flags, the file of -f and the persisted set. Called again at SIGHUP.
import { isProxyError, messageOf, type ProxyError, UsageError } from '../errors.ts';
import { DEFAULT_PERSIST_DIR } from '../host/paths.ts';
import type { ProxySpec } from '../model/spec.ts';
import { readFileIfThere } from '../store/atomic-file.ts';
import { loadPersisted } from '../store/persisted-set.ts';
import { buildDaemonConfig, type DaemonConfig } from './daemon-config.ts';
import { parseConfig } from './document.ts';
import { type FileSettings, overlay, readFlags } from './settings.ts';

export interface LoadOptions {
  /** As oclif hands them over, environment included; no defaults, or the file could not provide values. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** The path given with -f. */
  readonly file?: string | undefined;
  /** Where neither flag nor file names one. */
  readonly persistDir?: string;
}

export interface LoadedDaemonConfig {
  readonly config: DaemonConfig;
  /** One sentence each, for stderr: what was ignored, and what could not be used. */
  readonly notes: readonly string[];
}

/** Throws UsageError, which names flag or key, what is expected and what was given. */
export function loadDaemonConfig({ flags, file, persistDir }: LoadOptions): LoadedDaemonConfig {
  const fromFlags = readFlags(flags);
  const fromFile = readConfigFile(file);
  const { persistDir: directory = persistDir ?? DEFAULT_PERSIST_DIR, vs } = overlay(
    fromFlags,
    fromFile.settings,
  );
  const { spec, problem } = readPersisted(directory);
  if (vs === undefined && spec === undefined && isProxyError(problem)) throw problem;
  const config = buildDaemonConfig({
    flags: fromFlags,
    file: fromFile,
    persisted: spec,
    persistDir: directory,
  });
  const notes = fromFile.notes.map(note => `${file}: ${note}`);
  return { config, notes: problem === undefined ? notes : [...notes, messageOf(problem)] };
}

/** Throws where a file that was asked for is not there or cannot be read: it is not done without. */
export function requireFiles({ probe }: DaemonConfig): void {
  const { caFile, tokenFile, clientCertificate, clientKey } = probe;
  const files = {
    'ca-file': caFile,
    'token-file': tokenFile,
    'client-certificate': clientCertificate,
    'client-key': clientKey,
  };
  for (const [flag, path] of Object.entries(files)) {
    if (path !== undefined && readFileIfThere(path) === undefined)
      throw new UsageError(`--${flag} ${path}: there is no such file`);
  }
}

const NO_FILE: FileSettings = { settings: {}, nameOf: key => `key ${key}`, notes: [] };

function readConfigFile(path: string | undefined): FileSettings {
  if (path === undefined) return NO_FILE;
  const text = readFileIfThere(path);
  if (text === undefined) throw new UsageError(`--config ${path}: there is no such file`);
  try {
    return parseConfig(text);
  } catch (error) {
    if (!isProxyError(error)) throw error;
    throw new UsageError(`${path}: ${error.message}`, { cause: error });
  }
}

interface Persisted {
  readonly spec: ProxySpec | undefined;
  /** A text when the previous copy was used instead, an error when there is nothing that could be used. */
  readonly problem: string | ProxyError | undefined;
}

/** A damaged file is no reason to leave a node alone that is told everything otherwise. */
function readPersisted(directory: string): Persisted {
  try {
    const loaded = loadPersisted(directory);
    const problem = loaded?.problem && `${loaded.problem}; using ${loaded.path}`;
    return { spec: loaded?.spec, problem };
  } catch (error) {
    if (!isProxyError(error)) throw error;
    return { spec: undefined, problem: error };
  }
}
