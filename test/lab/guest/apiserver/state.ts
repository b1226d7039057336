// What a scenario can set on the stand-in while it runs, and what it counts.

import type { Frames } from './frames.ts';

/**
 * How a resource misbehaves; null = it does not. `expired`: 410 to each watch before it begins; `throttled`: 429 to
 * everything; `unwatchable`: 403 to watches, as with a role that may only read; `unlistable`: one object may be had, by
 * its name.
 */
export type Failure =
  | 'forbidden'
  | 'unlistable'
  | 'garbage'
  | 'empty'
  | 'hang'
  | 'missing'
  | 'expired'
  | 'throttled'
  | 'unwatchable';

export interface Knobs {
  readyz: number;
  livez: number;
  healthz: number;
  version: string;
  /** Accept connections and requests, and never answer: any of them (true), or those of one path. */
  hang: boolean | string;
  /** Bearer token that every request must carry; null = anonymous requests are fine. */
  token: string | null;
  /** Every answer comes so late: an overloaded control plane. */
  delayMs: number;
  /** One /readyz of so many takes this long; null = none does. */
  hiccup: { every: number; ms: number } | null;
  /** How long to go on serving, not ready, after SIGTERM. */
  gracefulMs: number;
  /**
   * What SIGTERM does with kubeadm's flags (seen on 1.36): the listener and idle connections are closed at once, what is
   * open is served to its end, for `gracefulMs` at most.
   */
  closesAtOnce: boolean;
  /** By resource: endpointslices, endpoints, nodes. */
  fail: Record<string, Failure | null>;
  /** What comes with 429. */
  retryAfterS: number;
  /** How long a list waits for a version that the cache does not have yet. */
  freshMs: number;
  /**
   * --min-request-timeout: a watch that names no timeoutSeconds ends after this to twice this. `always`: each watch, as
   * where a proxy is in between.
   */
  minRequestTimeoutMs: number;
  always: boolean;
  frames: Frames;
}

export interface Counters {
  connections: number;
  handshakes: number;
  handshakeErrors: number;
  /** By path without query; watches count as `watch PATH`. */
  requests: Record<string, number>;
}

export interface State {
  name: string;
  knobs: Knobs;
  counters: Counters;
}

export function newState(name: string): State {
  return {
    name,
    knobs: {
      readyz: 200,
      livez: 200,
      healthz: 200,
      version: 'v1.36.0',
      hang: false,
      token: null,
      delayMs: 0,
      hiccup: null,
      gracefulMs: 0,
      closesAtOnce: false,
      fail: {},
      retryAfterS: 1,
      freshMs: 3000,
      minRequestTimeoutMs: 1_800_000,
      always: false,
      frames: 'whole',
    },
    counters: { connections: 0, handshakes: 0, handshakeErrors: 0, requests: {} },
  };
}
