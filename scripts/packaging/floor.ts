// The least that a packed binary can cost: an empty script in the same Node, packed the same way.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packExecutable } from './pack.ts';
import { CACHE } from './paths.ts';
import { hostTarget } from './targets.ts';

export async function packFloor(): Promise<string> {
  const output = join(CACHE, `floor-${process.version}`);
  if (existsSync(output)) return output;
  mkdirSync(CACHE, { recursive: true });
  const script = join(CACHE, 'empty.cjs');
  writeFileSync(script, '');
  await packExecutable(hostTarget(), script, {}, output);
  return output;
}
