// The connection table of IPVS, /proc/net/ip_vs_conn: which local client is pinned to which real server.
// Format of ip_vs_conn_seq_show (net/netfilter/ipvs/ip_vs_conn.c), addresses and ports in hexadecimal:
//   Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
//   TCP 0A4D0001 A1B2 0A630001 192B 0A4D000B 192B ESTABLISHED     899
// IPv6 addresses (%pI6) are eight groups of four digits with colons, never compressed.
import { readFileSync } from 'node:fs';
import { addressFromBytes, equalHostPort, type HostPort } from '../model/address.ts';

export interface Connection {
  readonly client: HostPort;
  readonly virtualServer: HostPort;
  readonly realServer: HostPort;
  /** "ESTABLISHED", "SYN_RECV", ... */
  readonly state: string;
}

export function readConnections(path = '/proc/net/ip_vs_conn'): Connection[] {
  return parseConnections(readFileSync(path, 'utf8'));
}

/** TCP connections only; lines of another form (the heading, other protocols, half a line) are passed over. */
export function parseConnections(table: string): Connection[] {
  return table.split('\n').flatMap(line => {
    const [protocol, fromIp, fromPort, toIp, toPort, destIp, destPort, state] = line.trim().split(/\s+/);
    const client = endpointOf(fromIp, fromPort);
    const virtualServer = endpointOf(toIp, toPort);
    const realServer = endpointOf(destIp, destPort);
    if (protocol !== 'TCP' || !client || !virtualServer || !realServer || state === undefined) return [];
    return [{ client, virtualServer, realServer, state }];
  });
}

/** The real server that serves a client's connection, or undefined when the kernel knows no such connection. */
export function realServerOf(
  connections: readonly Connection[],
  client: HostPort,
  vip: HostPort,
): HostPort | undefined {
  const match = connections.find(
    connection => equalHostPort(connection.client, client) && equalHostPort(connection.virtualServer, vip),
  );
  return match?.realServer;
}

const ADDRESS = /^(?:[0-9a-f]{8}|(?:[0-9a-f]{4}:){7}[0-9a-f]{4})$/i;
const PORT = /^[0-9a-f]{4}$/i;

function endpointOf(address = '', port = ''): HostPort | undefined {
  if (!ADDRESS.test(address) || !PORT.test(port)) return undefined;
  const bytes = Buffer.from(address.replaceAll(':', ''), 'hex');
  return { address: addressFromBytes(bytes), port: Number.parseInt(port, 16) };
}
