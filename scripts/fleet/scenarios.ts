// What happens to the masters, or to the ways to them. Times in milliseconds from the beginning of the cause.
import type { Condition, Master, Path } from './master.ts';

export interface Stage {
  readonly masters: readonly Master[];
  /** Of each node, its ways to the masters. */
  readonly nodes: readonly (readonly Path[])[];
  readonly at: (when: number, what: () => void) => void;
}

export interface Scenario {
  readonly name: string;
  /** When the cause ends; undefined = it stays. */
  readonly endsAt?: number;
  readonly play: (stage: Stage) => void;
}

function becomes(name: string, condition: Condition): Scenario {
  return { name, play: ({ masters: [m1], at }) => at(0, () => m1?.become(condition)) };
}

function slows(
  name: string,
  capacity: number,
  which: (masters: readonly Master[]) => readonly Master[],
): Scenario {
  const play: Scenario['play'] = ({ masters, at }) => {
    at(0, () => which(masters).forEach(master => void master.become('up', capacity)));
    at(60_000, () => which(masters).forEach(master => void master.become('up')));
  };
  return { name, endsAt: 60_000, play };
}

/** Every second node. */
function isCutOff(_: unknown, index: number): boolean {
  return Math.floor(index / 3) % 2 === 0;
}

function cutsOff(name: string, which: (paths: readonly Path[]) => readonly Path[]): Scenario {
  const play: Scenario['play'] = ({ nodes, at }) => {
    const paths = nodes.filter(isCutOff).flatMap(which);
    at(0, () => paths.forEach(path => void path.cut(true)));
    at(60_000, () => paths.forEach(path => void path.cut(false)));
  };
  return { name, endsAt: 60_000, play };
}

export const SCENARIOS: readonly Scenario[] = [
  becomes('one master crashes', 'crashed'),
  becomes('one loses power', 'off'),
  becomes('one hangs', 'hung'),
  slows('all have half of their capacity for 60 s', 0.5, masters => masters),
  slows('all have a tenth for 60 s', 0.1, masters => masters),
  slows('one has a tenth for 60 s', 0.1, masters => masters.slice(0, 1)),
  {
    name: 'rolling upgrade, 20 s each',
    endsAt: 100_000,
    play: ({ masters, at }) =>
      masters.forEach((master, index) => {
        at(index * 40_000, () => master.become('crashed'));
        at(index * 40_000 + 20_000, () => master.become('up'));
      }),
  },
  {
    name: 'all restart at once, 20 s',
    endsAt: 20_000,
    play: ({ masters, at }) => {
      at(0, () => masters.forEach(master => void master.become('crashed')));
      at(20_000, () => masters.forEach(master => void master.become('up')));
    },
  },
  cutsOff('half of the nodes lose all masters for 60 s', paths => paths),
  cutsOff('half of the nodes lose one master for 60 s', paths => paths.slice(0, 1)),
];
