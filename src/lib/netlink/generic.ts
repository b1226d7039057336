// Generic netlink: families are found by name, messages carry a command and a version (struct genlmsghdr).
import { GENL_HDRLEN } from './align.ts';
import { type AttributeMap, AttributeWriter, readAttributes } from './attributes.ts';
import type { NetlinkConnection } from './connection.ts';
import {
  CTRL_ATTR_FAMILY_ID,
  CTRL_ATTR_FAMILY_NAME,
  CTRL_CMD_GETFAMILY,
  CTRL_VERSION,
  GENL_ID_CTRL,
} from './constants.ts';
import { isNetlinkError, MalformedMessageError } from './errors.ts';
import type { Message } from './message.ts';

// struct genlmsghdr { __u8 cmd; __u8 version; __u16 reserved; };
export function packGeneric(command: number, version: number, attributes: AttributeWriter): Buffer {
  return Buffer.concat([Buffer.from([command, version, 0, 0]), attributes.toBuffer()]);
}

export function unpackGeneric(message: Message): {
  command: number;
  version: number;
  attributes: AttributeMap;
} {
  const { payload } = message;
  if (payload.length < GENL_HDRLEN) {
    throw new MalformedMessageError(`a generic netlink header needs 4 bytes, ${payload.length} are left`);
  }
  return {
    command: payload.readUInt8(0),
    version: payload.readUInt8(1),
    attributes: readAttributes(payload.subarray(GENL_HDRLEN)),
  };
}

/** The message type of a family, or undefined when the kernel has no such family (its module is not loaded). */
export function findFamily(connection: NetlinkConnection, name: string): number | undefined {
  const payload = packGeneric(
    CTRL_CMD_GETFAMILY,
    CTRL_VERSION,
    new AttributeWriter().string(CTRL_ATTR_FAMILY_NAME, name),
  );
  try {
    const [reply] = connection.request({
      operation: `find netlink family ${name}`,
      type: GENL_ID_CTRL,
      payload,
    });
    if (reply === undefined) throw new MalformedMessageError(`no answer about netlink family ${name}`);
    return unpackGeneric(reply).attributes.require(CTRL_ATTR_FAMILY_ID, 'CTRL_ATTR_FAMILY_ID').u16();
  } catch (error) {
    if (isNetlinkError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
