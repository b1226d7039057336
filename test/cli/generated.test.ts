// Files that are generated and committed are what would be generated now.
import { expect, test } from 'vitest';
import { staleFiles } from '../../scripts/check-generated.ts';

test('oclif.manifest.json and the list of command loaders are what src/commands declares', async () => {
  expect(await staleFiles()).toEqual([]);
});
