// The IPVS table of this network namespace. Every call names one service; there is no flush.
// Every command, reading too, needs CAP_NET_ADMIN (EPERM otherwise).
import { familyNumber, formatHostPort } from '../model/address.ts';
import { AttributeWriter } from '../netlink/attributes.ts';
import type { NetlinkConnection } from '../netlink/connection.ts';
import { isNetlinkError, MalformedMessageError } from '../netlink/errors.ts';
import { findFamily, packGeneric, unpackGeneric } from '../netlink/generic.ts';
import type { Message } from '../netlink/message.ts';
import {
  packDestination,
  packDestinationId,
  packService,
  packServiceId,
  unpackDestination,
  unpackInfo,
  unpackService,
} from './codec.ts';
import * as k from './constants.ts';
import type {
  Destination,
  DestinationEntry,
  DestinationId,
  IpvsInfo,
  Service,
  ServiceEntry,
  ServiceId,
} from './types.ts';

export interface IpvsClient {
  info(): IpvsInfo;
  services(): ServiceEntry[];
  /** Undefined when there is no such service. */
  service(id: ServiceId): ServiceEntry | undefined;
  /** Empty as well when there is no such service: the kernel does not tell the two apart. */
  destinations(service: ServiceId): DestinationEntry[];
  /** EEXIST when it is there; ENOENT when the kernel has no such scheduler. */
  addService(service: Service): void;
  /** Changes scheduler, flags and timeout in place; connections live on. ESRCH when it is not there. */
  updateService(service: Service): void;
  deleteService(id: ServiceId): void;
  addDestination(service: ServiceId, destination: Destination): void;
  updateDestination(service: ServiceId, destination: Destination): void;
  deleteDestination(service: ServiceId, destination: DestinationId): void;
}

/** Undefined when the kernel has no IPVS (module ip_vs is not loaded). */
export function openIpvsClient(connection: NetlinkConnection): IpvsClient | undefined {
  const family = findFamily(connection, k.IPVS_GENL_NAME);
  return family === undefined ? undefined : new NetlinkIpvsClient(connection, family);
}

class NetlinkIpvsClient implements IpvsClient {
  readonly #connection: NetlinkConnection;
  readonly #family: number;

  constructor(connection: NetlinkConnection, family: number) {
    this.#connection = connection;
    this.#family = family;
  }

  info(): IpvsInfo {
    const [reply] = this.#request('read IPVS version', k.IPVS_CMD_GET_INFO, new AttributeWriter());
    if (reply === undefined) throw new MalformedMessageError('no answer to IPVS_CMD_GET_INFO');
    return unpackInfo(unpackGeneric(reply).attributes);
  }

  services(): ServiceEntry[] {
    const replies = this.#dump('list virtual services', k.IPVS_CMD_GET_SERVICE, new AttributeWriter());
    return replies.map(serviceOf).filter(service => service !== undefined);
  }

  service(id: ServiceId): ServiceEntry | undefined {
    try {
      const attributes = withService(packServiceId(id));
      const [reply] = this.#request(
        `read virtual service ${formatHostPort(id)}`,
        k.IPVS_CMD_GET_SERVICE,
        attributes,
      );
      return reply && serviceOf(reply);
    } catch (error) {
      // IPv6 is turned off: then it has none of IPv6.
      if (isNetlinkError(error, 'ESRCH', 'EAFNOSUPPORT')) return undefined;
      throw error;
    }
  }

  destinations(service: ServiceId): DestinationEntry[] {
    const attributes = withService(packServiceId(service));
    const replies = this.#dump(
      `list destinations of ${formatHostPort(service)}`,
      k.IPVS_CMD_GET_DEST,
      attributes,
    );
    return replies.map(reply => {
      const destination = unpackGeneric(reply).attributes.require(k.IPVS_CMD_ATTR_DEST, 'IPVS_CMD_ATTR_DEST');
      return unpackDestination(destination.nested(), familyNumber(service.address));
    });
  }

  addService(service: Service): void {
    this.#request(
      `add virtual service ${formatHostPort(service)}`,
      k.IPVS_CMD_NEW_SERVICE,
      withService(packService(service)),
    );
  }

  updateService(service: Service): void {
    this.#request(
      `change virtual service ${formatHostPort(service)}`,
      k.IPVS_CMD_SET_SERVICE,
      withService(packService(service)),
    );
  }

  deleteService(id: ServiceId): void {
    this.#request(
      `delete virtual service ${formatHostPort(id)}`,
      k.IPVS_CMD_DEL_SERVICE,
      withService(packServiceId(id)),
    );
  }

  addDestination(service: ServiceId, destination: Destination): void {
    const attributes = withDestination(service, packDestination(destination));
    this.#request(
      `add destination ${formatHostPort(destination)} to ${formatHostPort(service)}`,
      k.IPVS_CMD_NEW_DEST,
      attributes,
    );
  }

  updateDestination(service: ServiceId, destination: Destination): void {
    const attributes = withDestination(service, packDestination(destination));
    this.#request(
      `change destination ${formatHostPort(destination)} of ${formatHostPort(service)}`,
      k.IPVS_CMD_SET_DEST,
      attributes,
    );
  }

  deleteDestination(service: ServiceId, destination: DestinationId): void {
    const attributes = withDestination(service, packDestinationId(destination));
    this.#request(
      `delete destination ${formatHostPort(destination)} of ${formatHostPort(service)}`,
      k.IPVS_CMD_DEL_DEST,
      attributes,
    );
  }

  #request(operation: string, command: number, attributes: AttributeWriter): Message[] {
    const payload = packGeneric(command, k.IPVS_GENL_VERSION, attributes);
    return this.#connection.request({ operation, type: this.#family, payload });
  }

  #dump(operation: string, command: number, attributes: AttributeWriter): Message[] {
    const payload = packGeneric(command, k.IPVS_GENL_VERSION, attributes);
    return this.#connection.dump({ operation, type: this.#family, payload });
  }
}

function withService(service: AttributeWriter): AttributeWriter {
  return new AttributeWriter().nest(k.IPVS_CMD_ATTR_SERVICE, service);
}

function withDestination(service: ServiceId, destination: AttributeWriter): AttributeWriter {
  return withService(packServiceId(service)).nest(k.IPVS_CMD_ATTR_DEST, destination);
}

function serviceOf(reply: Message): ServiceEntry | undefined {
  const service = unpackGeneric(reply).attributes.require(k.IPVS_CMD_ATTR_SERVICE, 'IPVS_CMD_ATTR_SERVICE');
  return unpackService(service.nested());
}
