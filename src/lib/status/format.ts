// The report as text for 80 columns, and as JSON. Pure; colour is a function that the caller hands in.
import { formatHostPort } from '../model/address.ts';
import { formatAge } from './age.ts';
import type { Facts, RealServerFacts } from './report.ts';
import type { StatusReport, Verdict } from './verdict.ts';
import { COLUMNS, wrap } from './wrap.ts';

/** Colours text for a verdict; the identity where there is no colour. */
export type Paint = (verdict: Verdict, text: string) => string;

export const STATUS_SCHEMA_VERSION = 1;

export function formatText(report: StatusReport, paint: Paint = (_verdict, text) => text): string {
  const { verdict, summary, facts } = report;
  const sections = [
    headline(verdict, summary, paint),
    overview(facts),
    realServerTable(facts.kernel.seen ? (facts.kernel.value?.realServers ?? []) : []),
    problemLines(report),
  ];
  return `${sections
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** Painted last: escape sequences have no width. */
function headline(verdict: Verdict, summary: string, paint: Paint): string[] {
  const name = verdict.toUpperCase();
  const [first = '', ...rest] = wrap(`${name}  `, summary);
  return [`${paint(verdict, name)}${first.slice(name.length)}`, ...rest];
}

function overview({ virtualServer, kernel, route, persisted }: Facts): string[] {
  const rows: [string, string][] = [];
  if (virtualServer !== undefined)
    rows.push(['virtual server', `${formatHostPort(virtualServer)} tcp, ${inKernel(kernel)}`]);
  if (virtualServer !== undefined) {
    const source = route?.source === undefined ? 'source chosen by the kernel' : `source ${route.source}`;
    rows.push(['local route', route === undefined ? 'missing' : source]);
  }
  const age = persisted.ageS === undefined ? '' : `, written ${formatAge(persisted.ageS)} ago`;
  rows.push([
    'persisted set',
    persisted.spec === undefined
      ? `none${persisted.problem === undefined ? '' : ' that can be used'}`
      : `${persisted.path}${age}`,
  ]);
  return rows.flatMap(([name, value]) => wrap(name.padEnd(16), value));
}

function inKernel(kernel: Facts['kernel']): string {
  if (!kernel.seen) return 'kernel not seen';
  if (kernel.value === undefined) return 'not in the kernel';
  const { scheduler, flags } = kernel.value;
  return `scheduler ${scheduler}${flags.length > 0 ? ` (${flags.join(', ')})` : ''}`;
}

function realServerTable(realServers: readonly RealServerFacts[]): string[] {
  if (realServers.length === 0) return [];
  const heading = ['real server', 'weight', 'active', 'inactive', 'connections', 'in', 'out'];
  const rows = realServers.map(server => [
    formatHostPort(server),
    String(server.weight),
    String(server.activeConnections),
    String(server.inactiveConnections),
    String(server.connections),
    formatBytes(server.inBytes),
    formatBytes(server.outBytes),
  ]);
  const table = alignColumns([heading, ...rows]);
  if (table.every(line => line.length <= COLUMNS)) return table;
  // Long IPv6 addresses: each on a line of its own, its numbers below.
  const [top = '', ...numbers] = alignColumns([heading, ...rows.map(([, ...cells]) => ['', ...cells])]);
  return [top, ...rows.flatMap(([name = ''], index) => [name, numbers[index] ?? ''])];
}

/** The first column to the left, numbers to the right. */
function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widthOf = (column: number): number => Math.max(...rows.map(row => row[column]?.length ?? 0));
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widthOf(column)) : cell.padStart(widthOf(column));
  return rows.map(row => row.map(pad).join('  ').trimEnd());
}

function problemLines({ problems }: StatusReport): string[] {
  if (problems.length === 0) return [];
  return [
    'problems',
    ...problems.flatMap(({ code, text, remedy }) => [...wrap(`  ${code}: `, text), `      try  ${remedy}`]),
  ];
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

/** Counters become numbers: a node does not live to see 2^53 connections, and 9 PB of traffic may lose its last byte. */
export function toJson({ verdict, summary, problems, facts }: StatusReport): Record<string, unknown> {
  const { virtualServer, kernel, route, sysctls, persisted } = facts;
  const inKernel = kernel.seen ? kernel.value : undefined;
  return {
    schemaVersion: STATUS_SCHEMA_VERSION,
    verdict,
    summary,
    problems,
    virtualServer: virtualServer ? formatHostPort(virtualServer) : null,
    kernel: kernel.seen ? 'seen' : kernel.why,
    scheduler: inKernel?.scheduler ?? null,
    schedulerFlags: inKernel?.flags ?? [],
    realServers: (inKernel?.realServers ?? []).map(
      ({ address, port, connections, inBytes, outBytes, ...rest }) => ({
        realServer: formatHostPort({ address, port }),
        ...rest,
        connections: Number(connections),
        inBytes: Number(inBytes),
        outBytes: Number(outBytes),
      }),
    ),
    route: route === undefined ? null : { source: route.source ?? null, sourceIsOurs: route.sourceIsOurs },
    sysctls: Object.fromEntries([...sysctls].map(([name, value]) => [name, value ?? null])),
    persisted: {
      path: persisted.path,
      usable: persisted.spec !== undefined,
      ageSeconds: persisted.ageS ?? null,
      problem: persisted.problem ?? null,
    },
  };
}
