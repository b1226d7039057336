// A kernel in memory behind the interfaces that operations use; it refuses what the real one refuses, by errno.

import type { IpvsClient } from '../../src/lib/ipvs/client.ts';
import type { Pins } from '../../src/lib/ipvs/pins.ts';
import type {
  Destination,
  DestinationEntry,
  Service,
  ServiceEntry,
  Stats,
} from '../../src/lib/ipvs/types.ts';
import { equalHostPort, formatHostPort, type HostPort } from '../../src/lib/model/address.ts';
import { NetlinkError } from '../../src/lib/netlink/errors.ts';
import type { Kernel } from '../../src/lib/reconcile/kernel.ts';
import type { LocalRoute } from '../../src/lib/route/codec.ts';
import { RTN_LOCAL, RTPROT_BCS_APISERVER_PROXY } from '../../src/lib/route/constants.ts';

const ENOENT = 2;
const ESRCH = 3;
const EEXIST = 17;

const NO_STATS: Stats = {
  connections: 0n,
  inPackets: 0n,
  outPackets: 0n,
  inBytes: 0n,
  outBytes: 0n,
  connectionsPerSecond: 0n,
  inPacketsPerSecond: 0n,
  outPacketsPerSecond: 0n,
  inBytesPerSecond: 0n,
  outBytesPerSecond: 0n,
};

interface Entry {
  service: Service;
  destinations: DestinationEntry[];
}

export interface MemoryKernel extends Kernel {
  /** Calls that change something, in order: "add 10.0.0.11:6443 to 10.99.0.1:6443 (weight 1)". */
  readonly log: string[];
  readonly tables: { services: Entry[]; routes: LocalRoute[] };
}

export interface MemoryKernelOptions {
  /** Schedulers that the kernel has. */
  readonly schedulers?: readonly string[];
  /** The source that it chooses towards any address; undefined = no route anywhere. */
  readonly source?: string | undefined;
  readonly hostAddresses?: readonly string[];
  readonly sysctls?: Record<string, string>;
}

export function memoryKernel(options: MemoryKernelOptions = {}): MemoryKernel {
  const { schedulers = ['sh', 'rr'], hostAddresses = ['127.0.0.1', '10.0.0.2'], sysctls = {} } = options;
  const source = 'source' in options ? options.source : '10.0.0.2';
  const tables: MemoryKernel['tables'] = { services: [], routes: [] };
  const log: string[] = [];

  const find = (id: HostPort): Entry | undefined =>
    tables.services.find(({ service }) => equalHostPort(service, id));
  const require = (id: HostPort): Entry => find(id) ?? refuse(`find ${formatHostPort(id)}`, ESRCH);
  const requireScheduler = ({ scheduler }: Service): void => {
    if (!schedulers.includes(scheduler)) refuse(`use scheduler ${scheduler}`, ENOENT);
  };

  const ipvs: IpvsClient = {
    info: () => ({ version: '1.2.1', connectionTableSize: 4096 }),
    services: () => tables.services.map(entryOf),
    service(id) {
      const entry = find(id);
      return entry && entryOf(entry);
    },
    destinations: id => [...(find(id)?.destinations ?? [])],
    addService(service) {
      if (find(service)) refuse(`add ${formatHostPort(service)}`, EEXIST);
      requireScheduler(service);
      tables.services.push({ service, destinations: [] });
      log.push(`add ${formatHostPort(service)}, ${service.scheduler}`);
    },
    updateService(service) {
      const entry = require(service);
      requireScheduler(service);
      entry.service = service;
      log.push(`set ${formatHostPort(service)}, ${service.scheduler}`);
    },
    deleteService(id) {
      tables.services.splice(tables.services.indexOf(require(id)), 1);
      log.push(`delete ${formatHostPort(id)}`);
    },
    addDestination(id, destination) {
      const { destinations } = require(id);
      if (destinations.some(other => equalHostPort(other, destination)))
        refuse(`add ${formatHostPort(destination)}`, EEXIST);
      destinations.push(idle(destination));
      log.push(`add ${formatHostPort(destination)} to ${formatHostPort(id)} (weight ${destination.weight})`);
    },
    updateDestination(id, destination) {
      const { destinations } = require(id);
      destinations[indexOf(destinations, destination)] = idle(destination);
      log.push(`set ${formatHostPort(destination)} of ${formatHostPort(id)} (weight ${destination.weight})`);
    },
    deleteDestination(id, destination) {
      const { destinations } = require(id);
      destinations.splice(indexOf(destinations, destination), 1);
      log.push(`delete ${formatHostPort(destination)} of ${formatHostPort(id)}`);
    },
  };

  return {
    log,
    tables,
    ipvs,
    pins: NO_PINS,
    routes: {
      lookup(address) {
        const route = tables.routes.find(({ destination }) => destination === address);
        if (route === undefined) return undefined;
        const prefixLength = address.includes(':') ? 128 : 32;
        return {
          type: RTN_LOCAL,
          table: 255,
          protocol: RTPROT_BCS_APISERVER_PROXY,
          prefixLength,
          source: route.source,
          advmss: route.advmss,
          deviceIndex: 1,
        };
      },
      inLocalTable: () => undefined,
      sourceTowards: () => source,
      mtuTowards: () => undefined,
      hostAddresses: () => [...hostAddresses],
      isHostAddress: address => hostAddresses.includes(address),
      replaceLocal(route) {
        tables.routes = [...tables.routes.filter(other => other.destination !== route.destination), route];
        log.push(`route ${route.destination} from ${route.source ?? 'any'}`);
      },
      deleteLocal(destination) {
        const rest = tables.routes.filter(route => route.destination !== destination);
        if (rest.length === tables.routes.length) refuse(`delete route ${destination}`, ESRCH);
        tables.routes = rest;
        log.push(`delete route ${destination}`);
      },
    },
    sysctls: {
      read: name => sysctls[name],
      write(name, value) {
        sysctls[name] = value;
        log.push(`${name} = ${value}`);
      },
    },
  };
}

function indexOf(destinations: readonly DestinationEntry[], destination: HostPort): number {
  const index = destinations.findIndex(other => equalHostPort(other, destination));
  return index < 0 ? refuse(`find ${formatHostPort(destination)}`, ENOENT) : index;
}

function entryOf({ service }: Entry): ServiceEntry {
  return { ...service, stats: NO_STATS };
}

function idle(destination: Destination): DestinationEntry {
  return { ...destination, activeConnections: 0, inactiveConnections: 0, stats: NO_STATS };
}

function refuse(operation: string, errno: number): never {
  throw new NetlinkError(operation, errno);
}

/** A kernel that knows no connection. */
export const NO_PINS: Pins = { tracked: () => undefined, inTable: async () => new Map() };
