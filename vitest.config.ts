// The four test tiers (see CONTRIBUTING.md): what each may touch decides where it runs.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { chosenVariant } from './test/lab/variant.ts';

/** Scenarios that measure nothing: their guests run two at a time, those that take longest first. */
const UNTIMED = scenarios([
  'init',
  'networks',
  'uplinks',
  'daemon-discovery',
  'daemon-attacks',
  'service',
  'daemon-guard',
  'hosts',
  'status',
  'daemon-memory',
  'legacy',
  'cluster',
  'image',
  'lab',
  'without-ipv6',
  'packages',
]);

/** Vitest knows how long a file takes only where it ran before. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => UNTIMED.findIndex(name => moduleId.endsWith(name));
    const sorted = await super.sort(files);
    const ranked = sorted.filter(file => rank(file) >= 0).sort((a, b) => rank(a) - rank(b));
    return sorted.map(file => (rank(file) < 0 ? file : (ranked.shift() ?? file)));
  }
}

/**
 * Those in which an architecture may make a difference: what is said to the kernel, the services, the decisions. All of
 * them with EVERY_SCENARIO.
 */
const ON_ARM64 = scenarios(['daemon-faults', 'init', 'service']);

const { arch, slowness } = chosenVariant();
const everywhere = arch === 'x64' || process.env.EVERY_SCENARIO === '1';

function scenarios(names: readonly string[]): string[] {
  return names.map(name => `test/kernel/${name}.test.ts`);
}

/** By default one core would be left idle, of two. Projects with other numbers of workers take turns. */
const EVERY_CORE = { maxWorkers: '100%', sequence: { groupOrder: 0 } };

/** Two cores with a load of eight: a test that takes two seconds takes ten, and one in a hundred takes longer. */
const PATIENT = { testTimeout: 60_000, hookTimeout: 60_000 };

const KERNEL = {
  include: everywhere ? ['test/kernel/**/*.test.ts'] : ON_ARM64,
  globalSetup: 'test/lab/prepare.ts',
  testTimeout: 240_000 * slowness,
  hookTimeout: 180_000 * slowness,
};

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { ...EVERY_CORE, ...PATIENT, name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      { test: { ...EVERY_CORE, ...PATIENT, name: 'cli', include: ['test/cli/**/*.test.ts'] } },
      {
        test: {
          name: 'binary',
          include: ['test/binary/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...KERNEL,
          name: 'kernel',
          exclude: UNTIMED,
          maxWorkers: 1,
          // A second guest on two cores would be measured, too.
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...KERNEL,
          name: 'kernel-untimed',
          include: everywhere ? UNTIMED : UNTIMED.filter(file => ON_ARM64.includes(file)),
          maxWorkers: process.env.LAB === 'host' ? 1 : 2,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          globalSetup: 'test/cluster/prepare.ts',
          maxWorkers: 1,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
