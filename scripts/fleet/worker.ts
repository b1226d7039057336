// One run in a thread of its own.
import { parentPort, workerData } from 'node:worker_threads';
import { type Policy, run } from './run.ts';
import { SCENARIOS } from './scenarios.ts';

export interface Job {
  /** Index into SCENARIOS. */
  readonly scenario: number;
  readonly policy: Policy;
  readonly nodes: number;
}

const { scenario, policy, nodes } = workerData as Job;
const chosen = SCENARIOS[scenario];
if (chosen === undefined) throw new Error(`there is no scenario ${scenario}`);
parentPort?.postMessage(run(chosen, policy, nodes));
