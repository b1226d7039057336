// One run: one scenario, one policy.
import { Engine } from './engine.ts';
import { Master, Path } from './master.ts';
import { FleetNode, runOurs, runSimple } from './node.ts';
import { Recorder, type Sample } from './recorder.ts';
import type { Scenario } from './scenarios.ts';

export const POLICIES = ['ours', 'two time-outs', 'first failure'] as const;
export type Policy = (typeof POLICIES)[number];

export const FAULT_AT = 60_000;
export const END_AT = 300_000;

export interface Result {
  /** Connections that a decision broke though their master answered. */
  readonly broken: number;
  /** The longest time that a node's new connections went to a master that does not work. */
  readonly outageMs: number;
  /** 1 = what all cores of a master serve. */
  readonly peakLoad: number;
  /** From the end of the cause to the last change on any node. */
  readonly calmMs: number;
  readonly samples: readonly Sample[];
}

export function run(scenario: Scenario, policy: Policy, nodeCount: number): Result {
  const engine = new Engine(1);
  const recorder = new Recorder(engine);
  const masters = [0, 1, 2].map(index => new Master(engine, index));
  const nodes = Array.from({ length: nodeCount }, (_, index) => {
    const node = new FleetNode(
      engine,
      masters.map(master => new Path(master)),
      recorder,
      index,
    );
    if (policy === 'ours') runOurs(engine, node);
    else runSimple(engine, node, policy === 'first failure' ? 1 : 2);
    return node.paths;
  });
  recorder.sample(masters);
  engine.run(FAULT_AT - 1);
  const at = (when: number, what: () => void): void =>
    void engine.setTimeout(what, FAULT_AT + when - engine.now());
  scenario.play({ masters, nodes, at });
  engine.run(END_AT);
  const { samples } = recorder;
  return {
    broken: recorder.broken,
    outageMs: recorder.longestOutageMs,
    peakLoad: Math.max(...samples.slice(FAULT_AT / 1000).map(({ load }) => load)),
    calmMs: Math.max(0, recorder.lastChangeAt - FAULT_AT - (scenario.endsAt ?? 0)),
    samples,
  };
}
