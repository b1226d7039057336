// From facts to the answer: a verdict, its exit code (as monitoring plugins have them), one sentence, and the problems.
// Pure.
import { formatHostPort } from '../model/address.ts';
import { type Diagnosis, diagnose, isServed, type Problem } from './conditions.ts';
import type { Facts } from './report.ts';
import { serverViews, serving } from './servers.ts';
import { countOf } from './words.ts';

export type Verdict = 'healthy' | 'degraded' | 'down' | 'unknown';

export const EXIT_CODE: Record<Verdict, number> = { healthy: 0, degraded: 1, down: 2, unknown: 3 };

export interface StatusReport extends Diagnosis {
  readonly verdict: Verdict;
  /** What is wrong, and whether connections still work. */
  readonly summary: string;
  readonly facts: Facts;
}

export function judge(facts: Facts): StatusReport {
  const diagnosis = diagnose(facts);
  const verdict = verdictOf(diagnosis.problems);
  return { ...diagnosis, verdict, summary: summaryOf(verdict, diagnosis, facts), facts };
}

function verdictOf([worst]: readonly Problem[]): Verdict {
  return worst === undefined || worst.severity === 'notice' ? 'healthy' : worst.severity;
}

function summaryOf(verdict: Verdict, { headline = '' }: Diagnosis, facts: Facts): string {
  if (verdict === 'healthy') return healthySummary(facts);
  const traffic = verdict === 'down' ? undefined : trafficOf(facts);
  return traffic === undefined ? headline : `${headline}; ${traffic}`;
}

function healthySummary(facts: Facts): string {
  const { virtualServer } = facts;
  const name = virtualServer === undefined ? 'the VIP' : formatHostPort(virtualServer);
  const servers = countOf(serving(serverViews(facts)).length, 'real server');
  return `${name} is balanced over ${servers}${facts.probes.seen ? '' : ', not probed'}`;
}

/** Undefined where nobody looked. */
function trafficOf(facts: Facts): string | undefined {
  if (!facts.throughVip.seen) return undefined;
  if (!isServed(facts)) return 'nothing answers through the VIP';
  const { length } = serving(serverViews(facts));
  return length === 0 ? 'the VIP answers all the same' : `traffic is served by ${length}`;
}

const BRIEF = { degraded: 'warning', down: 'error', unknown: 'unknown' };

/**
 * One line for monitoring, the same as long as nothing changes: "OK 10.99.0.1:6443 3 of 3 real servers", or
 * "error in CODE: text" (warning = degraded, unknown = cannot tell).
 */
export function formatBrief({ verdict, problems, facts }: StatusReport): string {
  const views = serverViews(facts);
  const vip = facts.virtualServer === undefined ? '' : ` ${formatHostPort(facts.virtualServer)}`;
  if (verdict === 'healthy')
    return `OK${vip} ${serving(views).length} of ${countOf(views.length, 'real server')}${facts.probes.seen ? '' : ', not probed'}`;
  const [first, ...others] = problems.filter(({ severity }) => severity !== 'notice');
  const more = others.length === 0 ? '' : ` (and ${countOf(others.length, 'more problem')})`;
  return `${BRIEF[verdict]} in ${first?.code}: ${first?.text}${more}`;
}
