// What the kernel says over netlink: as our clients understand it, and below it the bytes, so that a misunderstanding shows.
import type { HostPort } from '../model/address.ts';
import type { Datagram } from '../netlink/recording.ts';
import type { Kernel } from '../reconcile/kernel.ts';
import type { Source } from './bundle.ts';

export type OpenRecordedKernel = (record: (datagram: Datagram) => void) => Kernel;

/** `addresses` are those whose routes are of interest. */
export function netlinkSources(open: OpenRecordedKernel, addresses: readonly string[]): Source[] {
  const source = (name: string, ask: (kernel: Kernel) => unknown): Source => ({
    name: `netlink/${name}.txt`,
    read: () => dump(open, ask),
  });
  return [
    source('services', ({ ipvs }) => ipvs?.services() ?? 'this kernel has no IPVS'),
    source('destinations', ({ ipvs }) =>
      ipvs?.services().map((service: HostPort) => ({ service, destinations: ipvs.destinations(service) })),
    ),
    source('routes', ({ routes }) =>
      addresses.map(address => ({
        address,
        route: routes.lookup(address) ?? 'none',
        source: routes.sourceTowards(address) ?? 'none',
      })),
    ),
    source('addresses', ({ routes }) => routes.hostAddresses()),
  ];
}

function dump(open: OpenRecordedKernel, ask: (kernel: Kernel) => unknown): string {
  const datagrams: Datagram[] = [];
  const decoded = attempt(() => ask(open(datagram => datagrams.push(datagram))));
  return `${decoded}\n\n${datagrams.map(formatDatagram).join('\n')}`;
}

/** A refusal is an answer, too, and its bytes follow. */
function attempt(ask: () => unknown): string {
  try {
    return (
      JSON.stringify(ask(), (_key, value) => (typeof value === 'bigint' ? String(value) : value), 2) ?? ''
    );
  } catch (error) {
    return String(error);
  }
}

/** "> " was sent, "< " was received; 32 bytes a line. */
function formatDatagram({ direction, bytes }: Datagram): string {
  const sign = direction === 'sent' ? '>' : '<';
  const lines = bytes.toString('hex').match(/.{1,64}/g) ?? [];
  return lines.map(line => `${sign} ${line.replaceAll(/(.{8})(?!$)/g, '$1 ')}\n`).join('');
}
