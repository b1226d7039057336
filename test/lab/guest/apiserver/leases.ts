// Which apiservers are named as endpoints of the Service `kubernetes`: those whose leases have not ended
// (docs/kernel-facts.md, K24 and K80). Knows no clock.

/** As kube-apiserver's. Ours are renewed each second instead of each ten, so that one ends 15 s after its apiserver. */
export const LEASE_MS = 15_000;
export const RENEW_MS = 1000;

export class Leases {
  readonly #write: (addresses: string[]) => void;
  /** By address. */
  readonly #endsAt = new Map<string, number>();
  #written = '';

  constructor(write: (addresses: string[]) => void) {
    this.#write = write;
  }

  renew(address: string, now: number): void {
    this.#endsAt.set(address, now + LEASE_MS);
    this.expire(now);
  }

  /** It ends in order: it takes itself out, and when it is the last one, it leaves nobody. */
  revoke(address: string, now: number): void {
    this.#endsAt.delete(address);
    this.expire(now);
    if (this.#endsAt.size === 0) this.#put([]);
  }

  /** Those that live put the endpoints right; where all have died, nobody does. */
  expire(now: number): void {
    for (const [address, endsAt] of this.#endsAt) if (endsAt <= now) this.#endsAt.delete(address);
    if (this.#endsAt.size > 0) this.#put([...this.#endsAt.keys()].sort());
  }

  #put(addresses: string[]): void {
    if (addresses.join() === this.#written) return;
    this.#written = addresses.join();
    this.#write(addresses);
  }
}
