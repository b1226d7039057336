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
  /** An address of this host is refused for want of a listener. */
  readonly mayListenLater: boolean;
}

const NOBODY_LISTENS = 'an address of this host with no listener on that port';

export function admit(named: readonly HostPort[], around: Surroundings): Admission {
  const { virtualServer, known, isHostAddress, isListening } = around;
  const isKnown = (one: HostPort): boolean => known.some(other => equalHostPort(one, other));
  const problemOf = (one: HostPort): string | undefined => {
    const problem = realServerProblem(one, virtualServer);
    if (problem !== undefined) return problem;
    // A control-plane node has its own apiserver; a worker that is named as a master has none.
    if (!isHostAddress(one.address) || isKnown(one) || isListening(one.port)) return undefined;
    return NOBODY_LISTENS;
  };
  const refused: string[] = [];
  const admitted: HostPort[] = [];
  let mayListenLater = false;
  const ordered = named.toSorted(compareHostPort);
  for (const one of [...ordered.filter(isKnown), ...ordered.filter(one => !isKnown(one))]) {
    const problem = problemOf(one);
    mayListenLater ||= problem === NOBODY_LISTENS;
    if (problem !== undefined) refused.push(`${formatHostPort(one)} is ignored: it is ${problem}`);
    else if (admitted.length < MAX_REAL_SERVERS) admitted.push(one);
    else {
      // Whatever follows is ignored, too: a list without end must not hold up the daemon.
      refused.push(
        `${named.length} masters are named: all but ${MAX_REAL_SERVERS} are ignored, those that were known stay`,
      );
      break;
    }
  }
  return { admitted, refused, mayListenLater };
}
