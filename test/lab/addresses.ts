// The lab's address plan: one /24 and one /64 on one bridge, virtual IPs that nobody has as an address.

export const VIP4 = '10.99.0.1';
export const VIP6 = 'fd99::1';
export const VIPS = [VIP4, VIP6];

export const MAX_MASTERS = 9;

/** Host parts: gateway 1, worker 10, masters 11, 12, ... */
export const GATEWAY = 1;
export const WORKER = 10;
export const master = (number: number): number => WORKER + number;

export const ipv4 = (host: number): string => `10.77.0.${host}`;
export const ipv6 = (host: number): string => `fd77::${host}`;
export const linkLocal = (host: number): string => `fe80::${host}`;

export const MASTER_ADDRESSES = Array.from({ length: MAX_MASTERS }, (_, index) => master(index + 1)).flatMap(
  host => [ipv4(host), ipv6(host)],
);
