// `scripts/simulate-fleet [NODES [POLICY]] [--write]`: what thousands of nodes do to a control plane in trouble, with the daemon's own
// prober, scoreboard and decision in virtual time, beside two simpler policies. Prints a table in Markdown; --write puts it and a chart
// of each scenario into docs.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { drawScenario } from './chart.ts';
import { END_AT, FAULT_AT, POLICIES, type Policy, type Result } from './run.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import type { Job } from './worker.ts';

const DOCUMENT = new URL('../../docs/fleet.md', import.meta.url);
const BEGIN = '<!-- scripts/simulate-fleet --write: begin -->\n';
const END = '<!-- end -->\n';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false } },
});
const nodes = Number(positionals[0] ?? 5000);
const policies = POLICIES.filter(policy => positionals[1] === undefined || policy === positionals[1]);

/** As many at a time as there are cores: each of them keeps one busy. */
async function runAll(jobs: readonly Job[]): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < jobs.length; index = next++) {
      results[index] = await new Promise<Result>((resolve, reject) => {
        const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: jobs[index] });
        worker.once('message', resolve).once('error', reject);
      });
      process.stderr.write(`${index + 1} of ${jobs.length}\n`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function row(scenario: Scenario, policy: Policy, { broken, outageMs, peakLoad, calmMs }: Result): string {
  const name = policy === policies[0] ? slugLink(scenario) : '';
  return `| ${name} | ${policy} | ${broken} | ${seconds(outageMs)} | ${Math.round(peakLoad * 100)} % | ${seconds(calmMs)} |\n`;
}

function slugLink({ name }: Scenario): string {
  return values.write ? `[${name}](fleet/${slug(name)}.svg)` : name;
}

function slug(name: string): string {
  return name.replaceAll(/[^a-z0-9]+/g, '-');
}

const jobs = SCENARIOS.flatMap((_, scenario) => policies.map((policy): Job => ({ scenario, policy, nodes })));
const startedAt = performance.now();
const results = await runAll(jobs);
const took = (performance.now() - startedAt) / 1000;
const resultsOf = (index: number): readonly Result[] =>
  results.slice(index * policies.length, (index + 1) * policies.length);

const rows = SCENARIOS.map((scenario, index) =>
  resultsOf(index)
    .map((result, each) => row(scenario, policies[each] ?? 'ours', result))
    .join(''),
);
const table = `${nodes} nodes, 3 masters, ${END_AT / 1000} s, of which the first ${FAULT_AT / 1000} are calm

| scenario | policy | connections broken that need not be | longest outage of a node | peak load of a master | calm after the cause ended |
|---|---|---|---|---|---|
${rows.join('')}`;
process.stdout.write(table);
process.stderr.write(`${jobs.length} runs in ${took.toFixed(0)} s\n`);

if (values.write) {
  const before = readFileSync(DOCUMENT, 'utf8');
  const [head, rest] = [before.slice(0, before.indexOf(BEGIN)), before.slice(before.indexOf(END))];
  writeFileSync(DOCUMENT, `${head}${BEGIN}\n${table}\n${rest}`);
  SCENARIOS.forEach(({ name }, index) => {
    const lines = resultsOf(index).map(({ samples }, each) => ({
      policy: policies[each] ?? 'ours',
      samples,
    }));
    writeFileSync(new URL(`fleet/${slug(name)}.svg`, DOCUMENT), drawScenario(name, lines));
  });
}
