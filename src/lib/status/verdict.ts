// From facts to the answer: a verdict, its exit code (as monitoring plugins have them), and the problems.
import { formatHostPort } from '../model/address.ts';
import { diagnose, type Problem } from './conditions.ts';
import type { Facts } from './report.ts';

export type Verdict = 'healthy' | 'degraded' | 'down' | 'unknown';

export const EXIT_CODE: Record<Verdict, number> = { healthy: 0, degraded: 1, down: 2, unknown: 3 };

export interface StatusReport {
  readonly verdict: Verdict;
  readonly summary: string;
  readonly problems: readonly Problem[];
  readonly facts: Facts;
}

export function judge(facts: Facts): StatusReport {
  const problems = diagnose(facts);
  const worst = problems[0];
  const verdict = worst?.severity ?? 'healthy';
  return { verdict, summary: worst?.text ?? healthySummary(facts), problems, facts };
}

function healthySummary({ virtualServer, kernel }: Facts): string {
  const count = kernel.seen ? (kernel.value?.realServers.length ?? 0) : 0;
  const name = virtualServer === undefined ? 'the VIP' : formatHostPort(virtualServer);
  return `${name} is balanced over ${count} real server${count === 1 ? '' : 's'}`;
}
