// Every time series that the daemon exposes: names, help and buckets, in one place. No global registry. Each sample is there
// once for every node: docs/deploy.md gives their number, which a test counts.
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Histogram from 'prom-client/lib/histogram.js';
import type Registry from 'prom-client/lib/registry.js';

export const PREFIX = 'bkbcs_apiserverproxy_';

/** As it should be, a busy master, an overloaded one, and the usual time limit; seconds. One more is one for each master. */
const PROBE_BUCKETS = [0.01, 0.05, 0.25, 1];
/** A look at the kernel takes about a tenth of a millisecond; seconds. */
const RECONCILE_BUCKETS = [0.001, 0.01, 0.1];

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
    state: gauge('state', 'Always 1, with the state that the real server is in.', 'real_server', 'state'),
    activeConnections: gauge('active_connections', 'Established connections.', 'real_server'),
    inactiveConnections: gauge('inactive_connections', 'Connections that are being closed.', 'real_server'),
    connections: counter('connections_total', 'Connections since the kernel has the entry.', 'real_server'),
    received: counter('received_bytes_total', 'Bytes from clients to the real server.', 'real_server'),
    sent: counter('sent_bytes_total', 'Bytes from the real server to clients.', 'real_server'),
    lastContact: gauge(
      'discovery_last_contact_timestamp_seconds',
      'When the API last said anything, Unix time; absent when it never did.',
    ),
    discoveryConnected: gauge('discovery_connected', 'Whether a watch is open.'),
    held: gauge('held', 'Whether every real server looks dead and all of them stay in.'),
    // Counted as it happens.
    probeDuration: histogram(
      'probe_duration_seconds',
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
    transitions: counter(
      'transitions_total',
      'Changes of state, by the state that followed; not the one that follows new.',
      'real_server',
      'to',
    ),
    repairs: counter(
      'virtual_server_repairs_total',
      'Changes by others that were repaired, by kind of step.',
      'kind',
    ),
    connectionsReset: counter(
      'connections_reset_total',
      'Connections broken because no real server served them.',
    ),
    reconcileDuration: histogram('reconcile_duration_seconds', 'Time that a pass took.', RECONCILE_BUCKETS),
    reconcileFailures: counter('reconcile_failures_total', 'Passes of which a step failed.'),
    // Not a label "node": scraping gives one of that name to the node of the cluster.
    buildInfo: gauge(
      'build_info',
      'Always 1, with the version of the program, its commit and the version of its Node.js.',
      'version',
      'commit',
      'nodejs',
    ),
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
