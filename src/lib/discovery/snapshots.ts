// From what the API says to what the daemon hears: one family, sorted, never empty, not twice the same, and what
// changes together arrives together.
import { type Family, familyOf, formatHostPort, type HostPort } from '../model/address.ts';

export interface SnapshotOptions {
  readonly family: Family;
  readonly debounceMs: number;
  readonly notice: (text: string) => void;
  readonly emit: (candidates: readonly HostPort[]) => void;
}

/**
 * INVARIANTS: the first list is handed over at once; a later one at most `debounceMs` after the change, always the
 * latest; `emit` is never called from within `offer`, nor after `stop`.
 */
export class Snapshots {
  readonly #options: SnapshotOptions;
  #latest: readonly HostPort[] = [];
  #emitted = '';
  #timer: NodeJS.Timeout | undefined;
  #empty = false;

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  /** All candidates that there are now, of both families, in any order. */
  offer(all: readonly HostPort[]): void {
    const candidates = inOrder(all.filter(({ address }) => familyOf(address) === this.#options.family));
    const empty = candidates.length === 0;
    if (empty && !this.#empty) this.#options.notice(this.#emptyNotice(all.length));
    this.#empty = empty;
    if (empty) return;
    this.#latest = candidates;
    this.#timer ??= setTimeout(() => this.#emit(), this.#emitted === '' ? 0 : this.#options.debounceMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #emit(): void {
    this.#timer = undefined;
    const key = this.#latest.map(formatHostPort).join(' ');
    if (key === this.#emitted) return;
    this.#emitted = key;
    this.#options.emit(this.#latest);
  }

  #emptyNotice(ofBothFamilies: number): string {
    const family = this.#options.family === 'ipv6' ? 'IPv6' : 'IPv4';
    const found = ofBothFamilies === 0 ? 'no master at all' : `no master with an ${family} address`;
    return `discovery names ${found}; ignored, the last known ones stay`;
  }
}

function inOrder(candidates: readonly HostPort[]): HostPort[] {
  const byName = new Map(candidates.map(candidate => [formatHostPort(candidate), candidate]));
  return [...byName.keys()].sort().flatMap(name => byName.get(name) ?? []);
}
