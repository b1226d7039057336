// The report as one JSON object: docs/status.schema.json describes it. Keys and meanings change only with the version;
// within one, keys may be added. Pure.
import { formatHostPort, type HostPort } from '../model/address.ts';
import type { CertificateFacts, Facts, ProbeFacts, RealServerFacts, Seen } from './report.ts';
import { type ServerView, serverViews } from './servers.ts';
import type { StatusReport } from './verdict.ts';

/** 1: kernel and files only. 2: masters, daemon and host as well; what could not be seen says why. */
export const STATUS_SCHEMA_VERSION = 2;

type Json = Record<string, unknown>;

export function toJson({ verdict, summary, problems, passed, unseen, facts }: StatusReport): Json {
  const inKernel = facts.kernel.seen ? facts.kernel.value : undefined;
  return {
    schemaVersion: STATUS_SCHEMA_VERSION,
    verdict,
    summary,
    problems: problems.map(({ code, severity, text, remedy, isLook, forS }) => ({
      code,
      severity,
      text,
      remedy,
      remedyKind: isLook ? 'look' : 'fix',
      see: `docs/troubleshooting.md#${code}`,
      forSeconds: forS ?? null,
    })),
    checks: {
      passed: passed.map(({ code }) => code),
      notPossible: unseen.map(({ condition, why }) => ({ code: condition.code, why })),
    },
    virtualServer: nameOf(facts.virtualServer),
    kernel: facts.kernel.seen ? 'seen' : facts.kernel.why,
    scheduler: inKernel?.scheduler ?? null,
    schedulerFlags: inKernel?.flags ?? [],
    realServers: serverViews(facts).map(realServerJson),
    throughVip: ifSeen(facts.throughVip, ({ realServer, ...probe }) => ({
      ...probeJson(probe),
      realServer: nameOf(realServer),
    })),
    route:
      facts.route === undefined
        ? null
        : { source: facts.route.source ?? null, sourceIsOurs: facts.route.sourceIsOurs },
    conflicts: {
      vipIsHostAddress: facts.conflicts.isHostAddress,
      vipInNetwork: facts.conflicts.onLinkNetwork ?? null,
    },
    sysctls: Object.fromEntries([...facts.sysctls].map(([name, value]) => [name, value ?? null])),
    modules: Object.fromEntries(facts.modules),
    persisted: persistedJson(facts.persisted),
    daemon: daemonJson(facts.daemon),
    events: facts.events.map(({ time, ageS, object, from, to, why }) => ({
      time,
      ageSeconds: ageS,
      object,
      from,
      to,
      why,
    })),
    bootService: ifSeen(facts.bootService, ({ kind, enabled, beforeKubelet, failed }) => ({
      kind,
      enabled,
      beforeKubelet: beforeKubelet ?? null,
      failed,
    })),
    kubelet: ifSeen(facts.kubelet, ({ kubeconfig, server }) => ({ kubeconfig, server })),
    kubeProxy: ifSeen(facts.kubeProxy, ({ mode, excludeCIDRs, source }) => ({ mode, excludeCIDRs, source })),
    originalTool: facts.originalTool,
  };
}

/** What was seen, or an object that says why not. */
function ifSeen<T>(seen: Seen<T>, json: (value: T) => Json): Json {
  return seen.seen ? json(seen.value) : { notSeen: seen.why };
}

function nameOf(server: HostPort | undefined): string | null {
  return server === undefined ? null : formatHostPort(server);
}

function realServerJson(view: ServerView): Json {
  return {
    realServer: formatHostPort(view),
    wanted: view.wanted,
    health: view.health,
    reason: view.reason ?? null,
    forSeconds: view.sinceS ?? null,
    inKernel: view.inKernel === undefined ? null : entryJson(view.inKernel),
    probe: view.probe === undefined ? null : probeJson(view.probe),
    daemon:
      view.said === undefined
        ? null
        : { state: view.said.state, reason: view.said.reason, forSeconds: view.said.forS },
  };
}

/** Counters become numbers: a node does not live to see 2^53 connections, and 9 PB of traffic may lose its last byte. */
function entryJson(entry: RealServerFacts): Json {
  return {
    weight: entry.weight,
    activeConnections: entry.activeConnections,
    inactiveConnections: entry.inactiveConnections,
    connections: Number(entry.connections),
    inBytes: Number(entry.inBytes),
    outBytes: Number(entry.outBytes),
    connectionsPerSecond: entry.connectionsPerSecond,
    inBytesPerSecond: entry.inBytesPerSecond,
    outBytesPerSecond: entry.outBytesPerSecond,
  };
}

function probeJson({ outcome, reason, reached, latencyMs, certificate }: ProbeFacts): Json {
  return {
    outcome,
    reason: reason ?? null,
    reached,
    latencyMs: latencyMs ?? null,
    certificate: certificate === undefined ? null : certificateJson(certificate),
  };
}

function certificateJson({ expiresInS, namesVip, verified }: CertificateFacts): Json {
  return { expiresInSeconds: expiresInS, namesVip, verified: verified ?? null };
}

function persistedJson({ path, spec, ageS, problem }: Facts['persisted']): Json {
  return { path, usable: spec !== undefined, ageSeconds: ageS ?? null, problem: problem ?? null };
}

function daemonJson({ processes, snapshot, unit }: Facts['daemon']): Json {
  return {
    processes,
    unit: unit === undefined ? null : { name: unit.name, active: unit.active, enabled: unit.enabled },
    status: ifSeen(
      snapshot,
      ({ startedAt, lastPassAgeMs, passes, failedPasses, held, virtualServer, discovery }) => ({
        startedAt,
        lastPassAgeSeconds: lastPassAgeMs === undefined ? null : lastPassAgeMs / 1000,
        passes,
        failedPasses,
        held,
        virtualServer,
        discovery: {
          kind: discovery.kind,
          connected: discovery.connected,
          ageSeconds: discovery.ageMs === undefined ? null : discovery.ageMs / 1000,
          server: discovery.server ?? null,
          problem: discovery.problem ?? null,
        },
      }),
    ),
  };
}
