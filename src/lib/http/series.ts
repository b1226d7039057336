// Every time series that the daemon exposes: names, help and buckets, in one place. No global registry.
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Histogram from 'prom-client/lib/histogram.js';
import type Registry from 'prom-client/lib/registry.js';

const PREFIX = 'bkbcs_apiserverproxy_';

/** From a probe over a kept connection on the same switch to a timeout; seconds. */
const PROBE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** A look at the kernel takes about a tenth of a millisecond; seconds. */
const RECONCILE_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1];

export type Series = ReturnType<typeof createSeries>;

export function createSeries(registry: Registry) {
  const registers = [registry];
  function gauge<L extends string = never>(name: string, help: string, ...labelNames: L[]): Gauge<L> {
    return new Gauge({ name: PREFIX + name, help, labelNames, registers });
  }
  function counter<L extends string = never>(name: string, help: string, ...labelNames: L[]): Counter<L> {
    return new Counter({ name: PREFIX + name, help, labelNames, registers });
  }
  function histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: L[]
  ): Histogram<L> {
    return new Histogram({ name: PREFIX + name, help, buckets, labelNames, registers });
  }
  return {
    // Read from the daemon at each scrape.
    up: gauge('up', 'Whether the real server is ready.', 'real_server'),
    weight: gauge(
      'weight',
      'Weight of the real server in the kernel; absent when it is not there.',
      'real_server',
    ),
    state: gauge('state', '1 for the state that the real server is in.', 'real_server', 'state'),
    activeConnections: gauge('active_connections', 'Established connections.', 'real_server'),
    inactiveConnections: gauge('inactive_connections', 'Connections that are being closed.', 'real_server'),
    connections: counter('connections_total', 'Connections since the kernel has the entry.', 'real_server'),
    received: counter('received_bytes_total', 'Bytes from clients to the real server.', 'real_server'),
    sent: counter('sent_bytes_total', 'Bytes from the real server to clients.', 'real_server'),
    discoveryAge: gauge(
      'discovery_age_seconds',
      'Time since the API last said anything; absent when it never did.',
    ),
    discoveryConnected: gauge('discovery_connected', 'Whether a watch is open.'),
    held: gauge('held', 'Whether every real server looks dead and all of them stay in.'),
    // Counted as it happens.
    probeSeconds: histogram(
      'probe_seconds',
      'Time until a probe was answered.',
      PROBE_BUCKETS,
      'real_server',
    ),
    probeFailures: counter(
      'probe_failures_total',
      'Probes that did not say ready, by reason.',
      'real_server',
      'reason',
    ),
    transitions: counter('transitions_total', 'Changes of state.', 'real_server', 'from', 'to'),
    repairs: counter(
      'virtual_server_repairs_total',
      'What had been changed by somebody else and was put right, by kind of step.',
      'kind',
    ),
    connectionsReset: counter(
      'connections_reset_total',
      'Connections broken because no real server served them any more.',
    ),
    reconcileSeconds: histogram('reconcile_seconds', 'Time that a pass took.', RECONCILE_BUCKETS),
    reconcileFailures: counter('reconcile_failures_total', 'Passes of which a step failed.'),
    buildInfo: gauge('build_info', 'Always 1.', 'version', 'node'),
    ...processSeries(registry),
  };
}

/** The three of the usual process metrics that cost nothing; their names have no prefix, by convention. */
function processSeries(registry: Registry) {
  const registers = [registry];
  return {
    startTime: new Gauge({
      name: 'process_start_time_seconds',
      help: 'Start of the process, Unix time.',
      registers,
    }),
    residentMemory: new Gauge({
      name: 'process_resident_memory_bytes',
      help: 'Resident memory.',
      registers,
    }),
    cpu: new Counter({ name: 'process_cpu_seconds_total', help: 'User and system CPU time.', registers }),
  };
}
