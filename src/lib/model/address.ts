// IP addresses and HOST:PORT values. An address is its canonical text (RFC 5952 for IPv6), so that equal
// addresses are equal strings; text that did not come from here must pass parseAddress first.
import ipaddr from 'ipaddr.js';

export type Family = 'ipv4' | 'ipv6';

export interface HostPort {
  /** Canonical text of an IPv4 or IPv6 address, without brackets. */
  readonly address: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** The text is not an address or HOST:PORT; the message is the rule that it breaks. */
export class AddressSyntaxError extends Error {
  override readonly name = 'AddressSyntaxError';
}

export function parseAddress(text: string): string {
  // isValidFourPartDecimal: ipaddr.js would also take "10.1" and "0x0a000001", which nobody means here.
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text).toString();
  if (text.includes('%')) throw new AddressSyntaxError('an address with a zone index cannot be used');
  // The IPv4 part of "64:ff9b::10.0.0.010", which ipaddr.js takes with leading zeros as well.
  const embedded = /[^:]*\.[^:]*$/.exec(text)?.[0];
  const ambiguous = embedded !== undefined && !ipaddr.IPv4.isValidFourPartDecimal(embedded);
  if (ambiguous || !ipaddr.IPv6.isValid(text)) {
    throw new AddressSyntaxError(`"${text}" is not an IP address (host names are not resolved)`);
  }
  const address = ipaddr.IPv6.parse(text);
  if (address.isIPv4MappedAddress()) {
    throw new AddressSyntaxError('an IPv4-mapped IPv6 address cannot be used; write it as IPv4');
  }
  return address.toRFC5952String();
}

const UNBRACKETED = 'an IPv6 address must stand in brackets, as in [fd00::1]:6443';

/** Accepts `IPv4:PORT` and `[IPv6]:PORT`. */
export function parseHostPort(text: string): HostPort {
  const match = /^(?:\[(?<v6>[^\]]*)\]|(?<v4>[^:[\]]*))(?::(?<port>.*))?$/s.exec(text);
  if (match?.groups === undefined) {
    throw new AddressSyntaxError(UNBRACKETED);
  }
  const { v4, v6, port } = match.groups;
  // "fd00::1:6443" may end in a port or not; "10.0.0.1:1:2" is a wrong port, "https://10.0.0.1:1" a wrong address.
  if (/^[0-9a-f]*$/i.test(v4 ?? '.') && port?.includes(':')) throw new AddressSyntaxError(UNBRACKETED);
  if (v6 !== undefined && !v6.includes(':')) throw new AddressSyntaxError('brackets are for IPv6 addresses');
  const address = parseAddress(v6 ?? v4 ?? '');
  if (port === undefined) throw new AddressSyntaxError('the port is missing');
  return { address, port: parsePort(port) };
}

function parsePort(text: string): number {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new AddressSyntaxError(`"${text}" is not a port from 1 to 65535`);
  return port;
}

export function formatHostPort({ address, port }: HostPort): string {
  return familyOf(address) === 'ipv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

export function equalHostPort(a: HostPort, b: HostPort): boolean {
  return a.address === b.address && a.port === b.port;
}

/** Made once, as String.localeCompare makes one for each comparison, and not before it is needed: that takes milliseconds. */
let numeric: Intl.Collator | undefined;

/** Numbers within addresses in the order that a reader expects: 10.0.0.9 before 10.0.0.11. */
export function compareHostPort(a: HostPort, b: HostPort): number {
  numeric ??= new Intl.Collator('en', { numeric: true });
  return numeric.compare(a.address, b.address) || a.port - b.port;
}

export function familyOf(address: string): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

// <linux/socket.h>
export const AF_INET = 2;
export const AF_INET6 = 10;

/** The AF_* number that the kernel uses for the address's family. */
export function familyNumber(address: string): number {
  return familyOf(address) === 'ipv6' ? AF_INET6 : AF_INET;
}

/** Network byte order: 4 bytes for IPv4, 16 for IPv6. */
export function addressToBytes(address: string): Buffer {
  return Buffer.from(ipaddr.parse(address).toByteArray());
}

/** The inverse of addressToBytes; 4 or 16 bytes. */
export function addressFromBytes(bytes: Uint8Array): string {
  const address = ipaddr.fromByteArray([...bytes]);
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString();
}

/** The registered range that an address is in ("unicast", "private", "loopback", "multicast", ...). */
export function rangeOf(address: string): string {
  return ipaddr.parse(address).range();
}

/** Whether the address is in the network, "10.96.0.0/12" or a single address; false for what is no network. */
export function isInNetwork(address: string, network: string): boolean {
  const [base = '', bits] = network.split('/');
  if (!ipaddr.isValid(base) || familyOf(base) !== familyOf(address)) return false;
  const all = familyOf(base) === 'ipv6' ? 128 : 32;
  const prefix = bits === undefined ? all : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  return prefix >= 0 && prefix <= all && ipaddr.parse(address).match(ipaddr.parse(base), prefix);
}

/** "10.1.2.3/8" is in "10.0.0.0/8". */
export function networkOf(cidr: string): string {
  const [address, bits] = ipaddr.parseCIDR(cidr);
  const bytes = address.toByteArray().map((byte, index) => {
    const left = Math.min(Math.max(bits - index * 8, 0), 8);
    return byte & (0xff00 >> left);
  });
  return `${addressFromBytes(Uint8Array.from(bytes))}/${bits}`;
}
