// Everything that can be wrong, as one list, and the diagnosis: which of it holds, and which of that is a root cause.
// Each condition has its section in docs/troubleshooting.md under its code. Pure.
import { type Condition, type Finding, SEVERITIES, type Severity } from './condition.ts';
import { CERTIFICATES, CLUSTER, CLUSTER_NOTICES, nobodyNamesVip } from './conditions/cluster.ts';
import { DAEMON } from './conditions/daemon.ts';
import { FILES } from './conditions/files.ts';
import { ADDRESS_NOTICES, ADDRESSES, BOOT } from './conditions/host.ts';
import { SETTINGS, VIRTUAL_SERVER } from './conditions/kernel.ts';
import { MASTER_NOTICES } from './conditions/master-notices.ts';
import { MASTERS } from './conditions/masters.ts';
import { REAL_SERVERS } from './conditions/real-servers.ts';
import { ROUTE } from './conditions/route.ts';
import type { Facts } from './report.ts';

/** In the order in which problems of one severity are shown. */
export const CONDITIONS: readonly Condition[] = [
  ...VIRTUAL_SERVER,
  ...ROUTE,
  ...MASTERS,
  ...REAL_SERVERS,
  ...ADDRESSES,
  ...SETTINGS,
  ...DAEMON,
  ...CERTIFICATES,
  ...CLUSTER,
  ...BOOT,
  ...FILES,
  ...MASTER_NOTICES,
  ...ADDRESS_NOTICES,
  ...CLUSTER_NOTICES,
];

export interface Problem {
  readonly code: string;
  readonly severity: Severity;
  readonly text: string;
  /** A command with this node's values. */
  readonly remedy: string;
  /** It changes nothing: what puts it right depends on what it shows. */
  readonly isLook: boolean;
  /** Seconds for which it has held, where that is known. */
  readonly forS: number | undefined;
}

export interface Diagnosis {
  /** Root causes, worst first, then in the order of their declaration. */
  readonly problems: readonly Problem[];
  /** The worst problem with all findings in one clause; undefined = no problem. */
  readonly headline: string | undefined;
  /** What was looked at and found sound. */
  readonly passed: readonly Condition[];
  /** What could not be judged, and why. */
  readonly unseen: readonly { readonly condition: Condition; readonly why: string }[];
}

export function diagnose(facts: Facts, conditions: readonly Condition[] = CONDITIONS): Diagnosis {
  const checks = conditions.map(condition => ({ condition, outcome: condition.detect(facts) }));
  const passed: Condition[] = [];
  const unseen: { condition: Condition; why: string }[] = [];
  const holding: Holding[] = [];
  for (const { condition, outcome } of checks) {
    if ('seen' in outcome) unseen.push({ condition, why: outcome.why });
    else {
      const findings = outcome.filter(({ forS }) => forS === undefined || forS >= condition.visibleAfterS);
      if (findings.length === 0) passed.push(condition);
      else holding.push({ condition, findings });
    }
  }
  const roots = holding
    .filter(({ condition }) => !holding.some(other => condition.dependsOn.includes(other.condition.code)))
    .map(root => ({ ...root, severity: worst(followers(root, holding).map(severityOf)) }))
    .map(root =>
      isServed(facts) && root.severity === 'down' ? { ...root, severity: 'degraded' as const } : root,
    )
    .toSorted((a, b) => rank(a.severity) - rank(b.severity));
  const [first] = roots;
  return {
    problems: roots.flatMap(root => problemsOf(root, facts)),
    headline: first && (first.condition.headline?.(facts, first.findings) ?? first.findings[0]?.text),
    passed,
    unseen,
  };
}

interface Holding {
  readonly condition: Condition;
  readonly findings: readonly Finding[];
}

/** The condition itself and what follows from it, however far. */
function followers(root: Holding, holding: readonly Holding[]): Holding[] {
  const found = [root];
  for (const one of found) {
    const next = holding.filter(other => other.condition.dependsOn.includes(one.condition.code));
    found.push(...next.filter(other => !found.includes(other)));
  }
  return found;
}

function severityOf({ condition, findings }: Holding): Severity {
  return worst(findings.map(({ severity = condition.severity }) => severity));
}

function worst(severities: readonly Severity[]): Severity {
  return severities.toSorted((a, b) => rank(a) - rank(b))[0] ?? 'notice';
}

function rank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

function problemsOf(
  { condition, findings, severity }: Holding & { severity: Severity },
  facts: Facts,
): Problem[] {
  return findings.map(finding => {
    const remedy = condition.remedy(facts, finding);
    const command =
      typeof remedy === 'string' ? { remedy, isLook: false } : { remedy: remedy.look, isLook: true };
    return { code: condition.code, severity, text: finding.text, ...command, forS: finding.forS };
  });
}

/** Somebody answers through the VIP whom a client accepts: then the node is not cut off, whatever else is wrong. */
export function isServed(facts: Facts): boolean {
  const { throughVip } = facts;
  if (!throughVip.seen || throughVip.value.outcome === 'dead') return false;
  // Lists never arrive.
  if (throughVip.value.largeArrives === false || nobodyNamesVip(facts)) return false;
  return (throughVip.value.certificate?.expiresInS ?? 1) > 0;
}
