// The original's daemon, which had no command, and the entry point of its container. Its flags were the keys of its
// configuration file by another way (bcs-common/common/conf), and its container rendered that file from environment
// variables: both become such a document here, and that becomes flags of ours. Pure.
import { translateOriginal } from '../lib/config/original.ts';
import { flagName, isKey } from '../lib/config/settings.ts';
import { type FlagKinds, nameOf, parseFlags, type Translated } from './legacy-flags.ts';

/** The part of the document that a flag's key is in; all others are at the top. */
const PART: Readonly<Record<string, string>> = {
  virtualAddress: 'proxyLvs',
  lvsScheduler: 'proxyLvs',
  ipvsPersistDir: 'persistConfig',
  managerInterval: 'systemInterval',
};

const SHORT: Readonly<Record<string, string>> = { f: 'file', a: 'address', p: 'port' };

const TOP = [
  'file',
  ...['address', 'port', 'ipv6_address', 'insecure_address', 'insecure_port'],
  ...['external_ip', 'external_ipv6', 'external_port', 'pid_dir'],
  ...['log_dir', 'log_max_size', 'log_max_num', 'v', 'stderrthreshold', 'vmodule', 'log_backtrace_at'],
];

/** It took dashes for underscores, too. */
const FLAGS: FlagKinds = {
  ...Object.fromEntries(
    [...Object.keys(SHORT), ...TOP, ...Object.keys(PART)]
      .flatMap(name => [name, name.replaceAll('_', '-')])
      .map(name => [name, 'value' as const]),
  ),
  logtostderr: 'switch',
  alsologtostderr: 'switch',
};

type Document = Record<string, unknown>;

/** Undefined when the first flag is none of the original's. Throws UsageError. */
export function translateDaemon(argv: readonly string[]): Translated | undefined {
  if (!Object.hasOwn(FLAGS, nameOf(argv[0] ?? '') ?? '')) return undefined;
  const { file, ...document } = documentOf(argv);
  return daemon(document, file);
}

/** What container-start.sh did: with BCS_CONFIG_TYPE=render the file of -f was written from the environment. */
export function translateContainer(argv: readonly string[], env: NodeJS.ProcessEnv): Translated {
  const isRendered = env.BCS_CONFIG_TYPE === 'render';
  const { file, ...document } = documentOf(argv, isRendered ? rendered(env) : {});
  return daemon(document, isRendered ? undefined : file);
}

/** Flags won over the file. */
function documentOf(argv: readonly string[], document: Document = {}): Document {
  for (const [flag, values] of parseFlags(argv, FLAGS)) {
    const key = SHORT[flag] ?? flag.replaceAll('-', '_');
    put(document, PART[key], key, values.at(-1));
  }
  return document;
}

/** Variable, part and key, as in its bcs-apiserver-proxy.json.template. */
const TEMPLATE: readonly (readonly [variable: string, part: string | undefined, key: string])[] = [
  ['localIp', undefined, 'address'],
  ['bcsApiserverProxyPort', undefined, 'port'],
  ['pid_dir', undefined, 'pid_dir'],
  ['log_dir', undefined, 'log_dir'],
  ['alsotostderr', undefined, 'alsologtostderr'],
  ['log_level', undefined, 'v'],
  ['bcsApiserverProxyDebug', undefined, 'debugMode'],
  ['virtualAddress', 'proxyLvs', 'virtualAddress'],
  ['lvsScheduler', 'proxyLvs', 'lvsScheduler'],
  ['ipvsPersistDir', 'persistConfig', 'ipvsPersistDir'],
  ['healthScheme', 'healthCheck', 'healthScheme'],
  ['healthPath', 'healthCheck', 'healthPath'],
  ['kubeMaster', 'k8sConfig', 'master'],
  ['kubeConfig', 'k8sConfig', 'kubeConfig'],
  ['managerInterval', 'systemInterval', 'managerInterval'],
];

function rendered(env: NodeJS.ProcessEnv): Document {
  const document: Document = {};
  for (const [variable, part, key] of TEMPLATE) {
    const value = env[variable] ?? '';
    if (value !== '') put(document, part, key, key === 'debugMode' ? value === 'true' : value);
  }
  return document;
}

function put(document: Document, part: string | undefined, key: string, value: unknown): void {
  if (part === undefined) document[key] = value;
  else document[part] = { ...(document[part] as Document | undefined), [key]: value };
}

function daemon(document: Document, file: unknown): Translated {
  const { raw, notes } = translateOriginal(document);
  const flags = Object.entries(raw).flatMap(([key, value]) =>
    isKey(key) && value !== undefined ? [`--${flagName(key)}`, String(value)] : [],
  );
  return { argv: ['daemon', ...(file === undefined ? [] : ['--config', String(file)]), ...flags], notes };
}
