// Which of the addresses that discovery names are taken for masters. Discovery can lie, and a virtual server that is its own
// real server answers every probe. What is refused harms nothing else in the list. Pure.
import { compareHostPort, equalHostPort, formatHostPort, type HostPort } from '../model/address.ts';
import { MAX_REAL_SERVERS, realServerProblem } from '../model/spec.ts';

export interface Surroundings {
  readonly virtualServer: HostPort;
  /** Masters that were known before: they come first, and may be this host. */
  readonly known: readonly HostPort[];
  readonly isHostAddress: (address: string) => boolean;
  /** Somebody on this host accepts connections at the port. */
  readonly isListening: (port: number) => boolean;
}

export interface Admission {
  readonly admitted: readonly HostPort[];
  /** One sentence each. */
  readonly refused: readonly string[];
}

export function admit(named: readonly HostPort[], around: Surroundings): Admission {
  const { virtualServer, known, isHostAddress, isListening } = around;
  const isKnown = (one: HostPort): boolean => known.some(other => equalHostPort(one, other));
  const problemOf = (one: HostPort): string | undefined => {
    const problem = realServerProblem(one, virtualServer);
    if (problem !== undefined) return problem;
    // A control-plane node has its own apiserver; a worker that is named as a master has none.
    if (!isHostAddress(one.address) || isKnown(one) || isListening(one.port)) return undefined;
    return 'an address of this host with no listener on that port';
  };
  const refused: string[] = [];
  const fit: HostPort[] = [];
  for (const one of named.toSorted(compareHostPort)) {
    const problem = problemOf(one);
    if (problem === undefined) fit.push(one);
    else refused.push(`${formatHostPort(one)} is ignored: it is ${problem}`);
  }
  const ordered = [...fit.filter(isKnown), ...fit.filter(one => !isKnown(one))];
  if (ordered.length > MAX_REAL_SERVERS) {
    refused.push(
      `${ordered.length} masters are named: all but ${MAX_REAL_SERVERS} are ignored, those that were known stay`,
    );
  }
  return { admitted: ordered.slice(0, MAX_REAL_SERVERS), refused };
}
