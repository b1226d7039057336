// Where a bundle comes from beside the report and netlink: /proc, files of ours, systemd, the daemon's own pages.
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { arch, hostname, release } from 'node:os';
import { exec } from '../host/exec.ts';
import { MODULES_LOAD_FILE, SYSCTL_FILE } from '../host/paths.ts';
import { listProcesses } from '../host/processes.ts';
import { sortProcesses } from '../host/proxy-processes.ts';
import { ask } from '../status/collect/ask.ts';
import { listenAddress } from '../status/collect/daemon.ts';
import { startDeadline } from '../status/collect/deadline.ts';
import { readFileIfThere } from '../store/atomic-file.ts';
import { persistedPath } from '../store/persisted-set.ts';
import { statePath } from '../store/state-file.ts';
import { systemdRuns } from '../systemd/systemctl.ts';
import { DAEMON_UNIT, RESTORE_UNIT } from '../systemd/unit.ts';
import type { Source } from './bundle.ts';

/** A busy node has tens of thousands of connections; the first ones show the form and the state. */
const MAX_CONNECTIONS = 1000;
const MAX_TABLE_BYTES = 1024 * 1024;
const LOG_LINES = '2000';
const PROGRAM_MS = 5000;
const PAGE_MS = 1500;

export function hostSources(persistDir: string, version: string): Source[] {
  const units = [RESTORE_UNIT, DAEMON_UNIT];
  return [
    { name: 'versions.txt', read: () => versions(version) },
    ...['ip_vs', 'ip_vs_stats', 'route', 'ipv6_route', 'fib_trie'].map(name => proc(`net/${name}`)),
    { name: 'proc/net/ip_vs_conn', read: () => firstLines(readBeginning('/proc/net/ip_vs_conn')) },
    { name: 'proc/modules', read: modules },
    { name: 'sysctls.txt', read: sysctls },
    file('files/ipvsConfig.yaml', persistedPath(persistDir)),
    file('files/ipvsConfig.yaml.prev', `${persistedPath(persistDir)}.prev`),
    file('files/state.json', statePath(persistDir)),
    file('files/modules-load.conf', MODULES_LOAD_FILE),
    file('files/sysctl.conf', SYSCTL_FILE),
    file('files/os-release', '/etc/os-release'),
    ...units.map(unit => file(`files/${unit}`, `/etc/systemd/system/${unit}`)),
    { name: 'systemd/units.txt', read: () => ofSystemd('systemctl', ['show', ...units]) },
    {
      name: 'systemd/journal.txt',
      keep: 'end',
      read: () =>
        ofSystemd('journalctl', [
          '--no-pager',
          '-o',
          'short-iso',
          '-n',
          LOG_LINES,
          ...units.flatMap(unit => ['-u', unit]),
        ]),
    },
    { name: 'daemon/processes.txt', read: processes },
    { name: 'daemon/status.json', read: () => daemonPage('/status') },
    { name: 'daemon/metrics.txt', read: () => daemonPage('/metrics') },
  ];
}

function versions(version: string): string {
  return [
    `bcs-apiserver-proxy ${version}`,
    `node ${process.version}`,
    `kernel ${release()} ${arch()}`,
    `host ${hostname()}`,
    readFileSync('/proc/version', 'utf8'),
  ].join('\n');
}

function proc(name: string): Source {
  return { name: `proc/${name}`, read: () => readBeginning(`/proc/${name}`) };
}

/** A table of the kernel has no size beforehand, and may be huge. */
function readBeginning(path: string): string {
  const fd = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let left = MAX_TABLE_BYTES; left > 0; ) {
      const chunk = Buffer.alloc(Math.min(left, 64 * 1024));
      const length = readSync(fd, chunk);
      if (length === 0) break;
      chunks.push(chunk.subarray(0, length));
      left -= length;
    }
    return Buffer.concat(chunks).toString();
  } finally {
    closeSync(fd);
  }
}

function file(name: string, path: string): Source {
  return {
    name,
    read: () => {
      const text = readFileIfThere(path);
      if (text === undefined) throw new Error(`there is no ${path}`);
      return text;
    },
  };
}

function firstLines(text: string): string {
  const lines = text.split('\n');
  return (
    lines.slice(0, MAX_CONNECTIONS).join('\n') + (lines.length > MAX_CONNECTIONS ? '\n... and more\n' : '')
  );
}

/** Without the addresses in the last column: they help whoever attacks the kernel. */
function modules(): string {
  const lines = readFileSync('/proc/modules', 'utf8').split('\n');
  return lines.map(line => line.split(' ').slice(0, 5).join(' ')).join('\n');
}

const MORE_SYSCTLS = ['ip_forward', 'conf/all/rp_filter', 'conf/all/arp_ignore', 'ip_local_port_range'];

function sysctls(): string {
  const ipv4 = '/proc/sys/net/ipv4';
  const names = [...namesIn(`${ipv4}/vs`).map(name => `vs/${name}`), ...MORE_SYSCTLS];
  return names
    .map(name => `net.ipv4.${name.replaceAll('/', '.')} = ${parameter(`${ipv4}/${name}`)}\n`)
    .join('');
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return []; // a kernel without IPVS
  }
}

function parameter(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '(cannot be read)';
  }
}

async function ofSystemd(command: string, args: readonly string[]): Promise<string> {
  if (!systemdRuns()) throw new Error('systemd does not run here');
  const { ok, problem, stdout } = await exec(command, args, PROGRAM_MS);
  if (!ok) throw new Error(problem);
  return stdout;
}

function processes(): string {
  const { daemons, original } = sortProcesses(listProcesses());
  return [...daemons, ...original].map(({ pid, argv }) => `${pid} ${argv.join(' ')}\n`).join('');
}

async function daemonPage(path: string): Promise<string> {
  const { daemons } = sortProcesses(listProcesses());
  const address = listenAddress(daemons);
  if (address === undefined) throw new Error('the daemon listens nowhere');
  const reply = await ask(address, path, startDeadline(PAGE_MS).signal);
  if (reply.kind === 'answer') return reply.body;
  throw new Error(reply.kind === 'refused' ? 'no daemon can be asked' : 'the daemon does not answer');
}
