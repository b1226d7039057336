// Metrics for Prometheus: what happens is counted as it happens, what is so is read from the daemon at each scrape.
// Loaded by the daemon only, and only when it serves HTTP.
import Registry from 'prom-client/lib/registry.js';
import type { Evidence } from '../health/evidence.ts';
import type { HealthState } from '../health/scoreboard.ts';
import { formatHostPort, type HostPort } from '../model/address.ts';
import { listener, type Telemetry } from '../telemetry.ts';
import { serveDeprecated } from './deprecated.ts';
import type { MetricsPage } from './routes.ts';
import { createSeries } from './series.ts';
import type { DaemonSnapshot, DaemonView, RealServerView } from './view.ts';

const STATES: readonly HealthState[] = ['new', 'ready', 'slow', 'closing', 'draining', 'dead'];

export class Metrics implements MetricsPage {
  readonly telemetry: Telemetry;
  readonly #registry = new Registry();
  readonly #series = createSeries(this.#registry);
  readonly #view: DaemonView;
  /** Everything that has series: those that are looked after (true), and those that are no longer. */
  readonly #realServers = new Map<string, boolean>();
  /** Reasons of failed probes so far; a handful. */
  readonly #reasons = new Set<string>();

  constructor(view: DaemonView, version: string, commit: string) {
    this.#view = view;
    const { buildInfo, startTime } = this.#series;
    serveDeprecated(this.#registry);
    buildInfo.set({ version, commit, nodejs: process.version }, 1);
    startTime.set(Math.round(Date.now() / 1000 - process.uptime()));
    this.telemetry = this.#listen();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async render(): Promise<string> {
    this.#readProcess();
    this.#read(this.#view.snapshot());
    const text = await this.#registry.metrics();
    this.#dropForgotten();
    return text;
  }

  #listen(): Telemetry {
    const series = this.#series;
    return listener({
      probed: (realServer, evidence) => this.#probed(this.#known(realServer), evidence),
      changed: ({ realServer, from, to }) => {
        const real_server = this.#known(realServer);
        // Every start would count one for each master, on all nodes.
        if (from !== 'new') series.transitions.inc({ real_server, to });
      },
      forgotten: realServer => this.#realServers.set(formatHostPort(realServer), false),
      repaired: ({ kind }) => series.repairs.inc({ kind }),
      connectionsReset: count => series.connectionsReset.inc(count),
      passFinished: (durationMs, ok) => {
        series.reconcileDuration.observe(durationMs / 1000);
        if (!ok) series.reconcileFailures.inc();
      },
    });
  }

  #known(realServer: HostPort): string {
    const name = formatHostPort(realServer);
    this.#realServers.set(name, true);
    return name;
  }

  #probed(real_server: string, evidence: Evidence): void {
    const { probeDuration, probeFailures } = this.#series;
    if ('latencyMs' in evidence) probeDuration.observe({ real_server }, evidence.latencyMs / 1000);
    if (evidence.kind === 'ready') return;
    const reason = evidence.kind === 'not-ready' ? evidence.reason : evidence.kind;
    this.#reasons.add(reason);
    probeFailures.inc({ real_server, reason });
  }

  #read({ realServers, discovery, held }: DaemonSnapshot): void {
    const series = this.#series;
    for (const metric of [series.up, series.weight, series.state]) metric.reset();
    for (const metric of [series.activeConnections, series.inactiveConnections]) metric.reset();
    for (const metric of [series.connections, series.received, series.sent]) metric.reset();
    for (const realServer of realServers) this.#readRealServer(realServer);
    series.held.set(Number(held));
    series.discoveryConnected.set(Number(discovery.connected));
    // In whole seconds: it is then the same from scrape to scrape, and takes next to no space.
    if (discovery.ageMs === undefined) series.lastContact.remove({});
    else series.lastContact.set(Math.round((Date.now() - discovery.ageMs) / 1000));
  }

  #readRealServer({ address: real_server, state, weight, ...counts }: RealServerView): void {
    const series = this.#series;
    series.up.set({ real_server }, Number(state === 'ready'));
    series.state.set({ real_server, state }, 1);
    if (weight === undefined) return;
    series.weight.set({ real_server }, weight);
    series.activeConnections.set({ real_server }, counts.activeConnections);
    series.inactiveConnections.set({ real_server }, counts.inactiveConnections);
    // The kernel counts from 0 again when it gets the entry anew: a reset, as Prometheus understands it.
    series.connections.inc({ real_server }, counts.connections);
    series.received.inc({ real_server }, counts.inBytes);
    series.sent.inc({ real_server }, counts.outBytes);
  }

  #readProcess(): void {
    const { residentMemory, cpu } = this.#series;
    const { user, system } = process.cpuUsage();
    residentMemory.set(process.memoryUsage.rss());
    cpu.reset();
    cpu.inc((user + system) / 1e6);
  }

  /** What was counted of them has been shown once more. */
  #dropForgotten(): void {
    const { probeDuration, probeFailures, transitions } = this.#series;
    for (const [real_server, known] of this.#realServers) {
      if (known) continue;
      this.#realServers.delete(real_server);
      probeDuration.remove({ real_server });
      for (const reason of this.#reasons) probeFailures.remove({ real_server, reason });
      for (const to of STATES) transitions.remove({ real_server, to });
    }
  }
}
