// The table of real servers: the kernel's entry beside the health of this moment; with --wide their traffic as well. Pure.
import { formatHostPort } from '../../model/address.ts';
import { formatAge } from '../age.ts';
import type { Facts } from '../report.ts';
import { type ServerView, serverViews } from '../servers.ts';
import { type Column, formatTable } from './table.ts';

const left = (heading: string): Column => ({ heading, align: 'left' });
const right = (heading: string): Column => ({ heading, align: 'right' });

export function realServerTable(facts: Facts): string[] {
  const views = serverViews(facts);
  if (views.length === 0) return [];
  const columns = [
    left('real server'),
    right('weight'),
    right('active'),
    right('inactive'),
    left('health'),
    right('for'),
  ];
  return formatTable(
    columns,
    views.map(view => [
      formatHostPort(view),
      String(view.inKernel?.weight ?? '-'),
      String(view.inKernel?.activeConnections ?? '-'),
      String(view.inKernel?.inactiveConnections ?? '-'),
      formatHealth(view),
      view.sinceS === undefined ? '' : formatAge(view.sinceS),
    ]),
  );
}

/** "ready 4 ms", "dead econnrefused", "draining http-500"; what only the daemon says is marked. */
function formatHealth({ health, reason, inKernel, probe, said }: ServerView): string {
  if (health === 'unknown') return 'not probed';
  const drains = inKernel?.weight === 0 || health === 'not-ready';
  const drain = said?.state === 'slow' || said?.state === 'closing' ? said.state : 'draining';
  const word = health === 'unauthorized' ? 'alive' : health === 'dead' ? 'dead' : drains ? drain : 'ready';
  const latency =
    word === 'ready' && probe?.latencyMs !== undefined ? formatLatency(probe.latencyMs) : undefined;
  const source = probe === undefined && said !== undefined ? '(daemon)' : undefined;
  return [word, latency ?? reason, source].filter(part => part !== undefined).join(' ');
}

/** "4 ms", "0.3 ms", "1.2 s" */
export function formatLatency(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 1 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

export function trafficTable(facts: Facts): string[] {
  const entries = serverViews(facts).flatMap(({ inKernel }) => (inKernel === undefined ? [] : [inKernel]));
  if (entries.length === 0) return [];
  const columns = [
    left('real server'),
    right('connections'),
    right('per s'),
    right('in'),
    right('in/s'),
    right('out'),
    right('out/s'),
  ];
  return formatTable(
    columns,
    entries.map(entry => [
      formatHostPort(entry),
      String(entry.connections),
      String(entry.connectionsPerSecond),
      formatBytes(entry.inBytes),
      formatBytes(BigInt(entry.inBytesPerSecond)),
      formatBytes(entry.outBytes),
      formatBytes(BigInt(entry.outBytesPerSecond)),
    ]),
  );
}

/** "512 B", "1.5 MiB" */
export function formatBytes(bytes: bigint): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = Number(bytes);
  let unit = 0;
  // From 1023.95 on, one digit behind the point would read 1024.0.
  while (value >= (unit === 0 ? 1024 : 1023.95) && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
