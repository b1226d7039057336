// What stands for '@oclif/core' in the bundle: the parts that src/ uses. oclif's own index.js loads all of them
// and checks the Node version (semver, 46 KB), which a packed Node cannot fail. A name that is missing here
// fails the build.
export * as Args from '@oclif/core/args';
export { Command } from '@oclif/core/command';
export { Config } from '@oclif/core/config';
export * as Errors from '@oclif/core/errors';
export * as Flags from '@oclif/core/flags';
export { flush } from '@oclif/core/flush';
export { CommandHelp, Help } from '@oclif/core/help';
export { run } from '@oclif/core/run';
export { ux } from '@oclif/core/ux';
