import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Metrics } from '../../../src/lib/http/metrics.ts';
import type { DaemonSnapshot } from '../../../src/lib/http/view.ts';
import { realServerView, snapshot } from '../../helpers/snapshot.ts';

const A = { address: '10.0.0.11', port: 6443 };
const B = { address: 'fd00::12', port: 6443 };

/** Metrics of a daemon that a test can change. */
function metricsOf(now: DaemonSnapshot = snapshot()) {
  const daemon = { now };
  const metrics = new Metrics({ snapshot: () => daemon.now }, '1.2.3', '0123456789ab');
  /** The samples whose name or labels hold the text, prefix left out; no comments. */
  const samples = async (text: string): Promise<string[]> =>
    (await metrics.render())
      .split('\n')
      .filter(line => line.includes(text) && !line.startsWith('#'))
      .map(line => line.replace(/^bkbcs_apiserverproxy_/, ''));
  return { metrics, daemon, samples, telemetry: metrics.telemetry };
}

describe('what is so is read at each scrape', () => {
  test('of a real server in the kernel', async () => {
    const { samples } = metricsOf();
    expect(await samples('10.0.0.11')).toEqual([
      'up{real_server="10.0.0.11:6443"} 1',
      'weight{real_server="10.0.0.11:6443"} 1',
      'state{real_server="10.0.0.11:6443",state="ready"} 1',
      'active_connections{real_server="10.0.0.11:6443"} 5',
      'inactive_connections{real_server="10.0.0.11:6443"} 2',
      'connections_total{real_server="10.0.0.11:6443"} 70',
      'received_bytes_total{real_server="10.0.0.11:6443"} 1000',
      'sent_bytes_total{real_server="10.0.0.11:6443"} 2000',
    ]);
  });

  test('of a dead one there are no counters of the kernel', async () => {
    const dead = realServerView({ state: 'dead', weight: undefined });
    const { samples } = metricsOf(snapshot({ realServers: [dead] }));
    expect((await samples('10.0.0.11')).filter(line => !line.startsWith('state'))).toEqual([
      'up{real_server="10.0.0.11:6443"} 0',
    ]);
  });

  test('anew: values replace values, and what is gone is gone', async () => {
    const { daemon, samples } = metricsOf();
    await samples('');
    daemon.now = snapshot({ realServers: [realServerView({ inBytes: 1500 })] });
    expect(await samples('received')).toEqual(['received_bytes_total{real_server="10.0.0.11:6443"} 1500']);
    daemon.now = snapshot({ realServers: [], held: true });
    expect(await samples('10.0.0.11')).toEqual([]);
    expect(await samples('held')).toEqual(['held 1']);
  });

  test('a state that ended has no sample', async () => {
    const { daemon, samples } = metricsOf();
    await samples('');
    daemon.now = snapshot({ realServers: [realServerView({ state: 'dead' })] });
    expect(await samples('state')).toEqual(['state{real_server="10.0.0.11:6443",state="dead"} 1']);
  });

  test('when the API last said anything, absent while nothing is known', async () => {
    vi.useFakeTimers({ now: 1_700_000_100_400, toFake: ['Date'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { daemon, samples } = metricsOf();
    const { discovery } = snapshot();
    daemon.now = snapshot({ discovery: { ...discovery, ageMs: 90_000 } });
    expect(await samples('discovery')).toEqual([
      'discovery_last_contact_timestamp_seconds 1700000010',
      'discovery_connected 1',
      expect.stringMatching(/^discovery_age_seconds 90\.4/),
    ]);
    daemon.now = snapshot({ discovery: { ...discovery, ageMs: undefined, connected: false } });
    expect(await samples('discovery')).toEqual(['discovery_connected 0']);
  });

  test('the build, and what the process takes', async () => {
    const { samples } = metricsOf();
    expect(await samples('build_info')).toEqual([
      `build_info{version="1.2.3",commit="0123456789ab",nodejs="${process.version}"} 1`,
    ]);
    expect((await samples('process_')).map(line => line.replace(/ \d+(\.\d+)?$/, ' N'))).toEqual([
      'process_start_time_seconds N',
      'process_resident_memory_bytes N',
      'process_cpu_seconds_total N',
    ]);
  });
});

describe('what happens is counted', () => {
  test('probes, by answer', async () => {
    const { telemetry, samples } = metricsOf();
    telemetry.probed(B, { kind: 'ready', latencyMs: 2 });
    telemetry.probed(B, { kind: 'not-ready', reason: 'http-500', latencyMs: 2000 });
    telemetry.probed(B, { kind: 'refused', reason: 'econnrefused' });
    telemetry.probed(B, { kind: 'refused', reason: 'econnrefused' });
    expect(await samples('probe_failures')).toEqual([
      'probe_failures_total{real_server="[fd00::12]:6443",reason="http-500"} 1',
      'probe_failures_total{real_server="[fd00::12]:6443",reason="refused"} 2',
    ]);
    expect(await samples('probe_duration_seconds')).toEqual([
      'probe_duration_seconds_bucket{le="0.01",real_server="[fd00::12]:6443"} 1',
      'probe_duration_seconds_bucket{le="0.05",real_server="[fd00::12]:6443"} 1',
      'probe_duration_seconds_bucket{le="0.25",real_server="[fd00::12]:6443"} 1',
      'probe_duration_seconds_bucket{le="1",real_server="[fd00::12]:6443"} 1',
      'probe_duration_seconds_bucket{le="+Inf",real_server="[fd00::12]:6443"} 2',
      'probe_duration_seconds_sum{real_server="[fd00::12]:6443"} 2.002',
      'probe_duration_seconds_count{real_server="[fd00::12]:6443"} 2',
    ]);
  });

  test('transitions, repairs, broken connections, passes', async () => {
    const { telemetry, samples } = metricsOf(snapshot({ realServers: [] }));
    telemetry.changed({ realServer: A, from: 'ready', to: 'dead', reason: 'etimedout' });
    telemetry.repaired({ kind: 'replace-route', vip: '10.99.0.1', source: undefined, before: undefined });
    telemetry.connectionsReset(3);
    telemetry.changed({ realServer: A, from: 'new', to: 'ready', reason: '' });
    telemetry.changed({ realServer: A, from: 'slow', to: 'dead', reason: 'etimedout' });
    telemetry.passFinished(0.2, true);
    telemetry.passFinished(3, false);
    telemetry.passFinished(500, true);
    expect(await samples('_total')).toEqual([
      'transitions_total{real_server="10.0.0.11:6443",to="dead"} 2',
      'virtual_server_repairs_total{kind="replace-route"} 1',
      'connections_reset_total 3',
      'reconcile_failures_total 1',
      expect.stringMatching(/^process_cpu_seconds_total /),
    ]);
    expect(await samples('reconcile_duration_seconds_')).toEqual([
      'reconcile_duration_seconds_bucket{le="0.001"} 1',
      'reconcile_duration_seconds_bucket{le="0.01"} 2',
      'reconcile_duration_seconds_bucket{le="0.1"} 2',
      'reconcile_duration_seconds_bucket{le="+Inf"} 3',
      'reconcile_duration_seconds_sum 0.5032',
      'reconcile_duration_seconds_count 3',
    ]);
  });
});

describe('the series of a forgotten real server', () => {
  test('are shown once more, then they are gone', async () => {
    const { telemetry, samples } = metricsOf(snapshot({ realServers: [] }));
    telemetry.probed(A, { kind: 'not-ready', reason: 'http-500', latencyMs: 1 });
    telemetry.changed({ realServer: A, from: 'ready', to: 'draining', reason: 'http-500' });
    telemetry.forgotten(A);
    expect(await samples('transitions')).toHaveLength(1);
    expect(await samples('10.0.0.11')).toEqual([]);
  });

  test('stay when discovery names it again', async () => {
    const { telemetry, samples } = metricsOf(snapshot({ realServers: [] }));
    telemetry.changed({ realServer: A, from: 'ready', to: 'draining', reason: 'http-500' });
    telemetry.forgotten(A);
    telemetry.probed(A, { kind: 'ready', latencyMs: 1 });
    await samples('');
    expect(await samples('transitions')).toHaveLength(1);
  });
});
