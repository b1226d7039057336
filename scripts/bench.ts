// Start-up times: medians of interleaved runs and their ratio to the floor, an empty script packed in the same
// Node. It prints and asserts nothing: the machine decides half of the figures.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packFloor } from './packaging/floor.ts';
import { DIST } from './packaging/paths.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '40' } },
});
const binary = positionals[0] ?? join(DIST, `bcs-apiserver-proxy-linux-${process.arch}`);
if (!existsSync(binary)) throw new Error(`${binary} is missing: run scripts/build first`);

const commands: Record<string, [string, ...string[]]> = {
  floor: [await packFloor()],
  '--version': [binary, '--version'],
  '--help': [binary, '--help'],
  'sync --help': [binary, 'sync', '--help'],
  'status --no-probe': [binary, 'status', '--no-probe'],
};

function runOnce([file, ...args]: [string, ...string[]]): number {
  const start = process.hrtime.bigint();
  const { error } = spawnSync(file, args, { stdio: 'ignore' });
  if (error) throw error;
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

const times = new Map(Object.keys(commands).map(name => [name, [] as number[]]));
for (let run = 0; run < Number(values.runs); run++) {
  for (const [name, command] of Object.entries(commands)) times.get(name)?.push(runOnce(command));
}

const floor = median(times.get('floor') ?? []);
for (const [name, all] of times) {
  const ms = median(all);
  console.log(`${name.padEnd(20)} ${ms.toFixed(1).padStart(6)} ms  ${(ms / floor).toFixed(2)} x`);
}
