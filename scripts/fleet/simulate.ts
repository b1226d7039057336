// `scripts/simulate-fleet [NODES [POLICY]]`: what thousands of nodes do to a control plane in trouble, with the daemon's own prober,
// scoreboard and decision in virtual time, beside two simpler policies. Prints a table in Markdown.
import { Engine } from './engine.ts';
import { type Condition, Master } from './master.ts';
import { FleetNode, type Policy, runOurs, runSimple, type Tally } from './node.ts';

const NODES = Number(process.argv[2] ?? 5000);
/** One of the policies alone. */
const ONLY = process.argv[3];
const FAULT_AT = 60_000;
const END_AT = 300_000;

interface Scenario {
  readonly name: string;
  /** When the cause ends; undefined = it stays. */
  readonly endsAt?: number;
  readonly play: (masters: readonly Master[], at: (when: number, what: () => void) => void) => void;
}

function each(masters: readonly Master[], condition: Condition, capacity = 1): void {
  for (const master of masters) master.become(condition, capacity);
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'one master crashes', play: ([m1], at) => at(0, () => m1?.become('crashed')) },
  { name: 'one loses power', play: ([m1], at) => at(0, () => m1?.become('off')) },
  { name: 'one hangs', play: ([m1], at) => at(0, () => m1?.become('hung')) },
  {
    name: 'all have half of their capacity for 60 s',
    endsAt: 60_000,
    play: (masters, at) => {
      at(0, () => each(masters, 'up', 0.5));
      at(60_000, () => each(masters, 'up'));
    },
  },
  {
    name: 'all have a tenth for 60 s',
    endsAt: 60_000,
    play: (masters, at) => {
      at(0, () => each(masters, 'up', 0.1));
      at(60_000, () => each(masters, 'up'));
    },
  },
  {
    name: 'one has a tenth for 60 s',
    endsAt: 60_000,
    play: ([m1], at) => {
      at(0, () => m1?.become('up', 0.1));
      at(60_000, () => m1?.become('up'));
    },
  },
  {
    name: 'rolling upgrade, 20 s each',
    endsAt: 100_000,
    play: (masters, at) =>
      masters.forEach((master, index) => {
        at(index * 40_000, () => master.become('crashed'));
        at(index * 40_000 + 20_000, () => master.become('up'));
      }),
  },
  {
    name: 'all restarted at once, 20 s',
    endsAt: 20_000,
    play: (masters, at) => {
      at(0, () => each(masters, 'crashed'));
      at(20_000, () => each(masters, 'up'));
    },
  },
];

const POLICIES: readonly Policy[] = ['ours', 'two time-outs', 'first failure'];

interface Row {
  readonly unneeded: number;
  readonly outageMs: number;
  readonly peak: number;
  readonly calmMs: number | undefined;
}

function simulate(scenario: Scenario, policy: Policy): Row {
  const engine = new Engine(1);
  const masters = [0, 1, 2].map(index => new Master(engine, index));
  const tally: Tally = { unneeded: 0, longestOutageMs: 0, lastChangeAt: 0 };
  for (let index = 0; index < NODES; index += 1) {
    const node = new FleetNode(engine, masters, tally, index);
    if (policy === 'ours') runOurs(engine, node, masters);
    else runSimple(engine, node, masters, policy === 'first failure' ? 1 : 2);
  }
  engine.run(FAULT_AT - 1);
  for (const master of masters) master.peakLoad = 0;
  scenario.play(masters, (when, what) => engine.setTimeout(what, FAULT_AT + when - engine.now()));
  engine.run(END_AT);
  const end = FAULT_AT + (scenario.endsAt ?? 0);
  return {
    unneeded: tally.unneeded,
    outageMs: tally.longestOutageMs,
    peak: Math.max(...masters.map(({ peakLoad }) => peakLoad)),
    calmMs: Math.max(0, tally.lastChangeAt - end),
  };
}

const startedAt = performance.now();
console.log(`${NODES} nodes, 3 masters, ${END_AT / 1000} s; the cause begins after ${FAULT_AT / 1000} s\n`);
console.log(
  '| scenario | policy | connections broken that need not be | longest outage of a node | peak load of a master | calm after the cause ended |',
);
console.log('|---|---|---|---|---|---|');
for (const scenario of SCENARIOS) {
  for (const policy of POLICIES.filter(each => ONLY === undefined || each === ONLY)) {
    const { unneeded, outageMs, peak, calmMs } = simulate(scenario, policy);
    const calm = calmMs === undefined ? '' : `${(calmMs / 1000).toFixed(1)} s`;
    console.log(
      `| ${policy === 'ours' ? scenario.name : ''} | ${policy} | ${unneeded} | ${(outageMs / 1000).toFixed(1)} s | ${Math.round(peak * 100)} % | ${calm} |`,
    );
  }
}
console.error(`simulated in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
