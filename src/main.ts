// The process entry, from source and in the bundle: run the arguments, then leave the exit code to Node,
// so that output to a slow pipe is written in full.
import { run } from './index.ts';

void run(process.argv.slice(2)).then(code => {
  process.exitCode = code;
});
