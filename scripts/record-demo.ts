// Runs the demo and records it as docs/pictures/demo.svg: what was printed, in the time it took, with long waits shortened.
// Needs dist/; fetches the renderer, which nothing else here needs.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const PICTURE = join(import.meta.dirname, '../docs/pictures/demo.svg');
const COLUMNS = 110;
const ROWS = 32;
/** Seconds of waiting that are kept. */
const LONGEST_WAIT = 1.5;
/** Seconds that the end stays. */
const LAST_VIEW = 4;

type CastEvent = readonly [seconds: number, kind: 'o', text: string];

async function record(): Promise<CastEvent[]> {
  const demo = spawn(process.execPath, [join(import.meta.dirname, 'demo.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, FORCE_COLOR: '1' },
  });
  const events: CastEvent[] = [];
  let at = 0;
  let lastAt = performance.now();
  demo.stdout.setEncoding('utf8').on('data', (text: string) => {
    at += Math.min((performance.now() - lastAt) / 1000, LONGEST_WAIT);
    lastAt = performance.now();
    process.stdout.write(text);
    events.push([at, 'o', text.replaceAll('\n', '\r\n')]);
  });
  const [code] = await once(demo, 'close');
  if (code !== 0) throw new Error(`the demo failed with exit code ${code}`);
  return [...events, [at + LAST_VIEW, 'o', '']];
}

const header = { version: 2, width: COLUMNS, height: ROWS };
const cast = [header, ...(await record())].map(line => JSON.stringify(line)).join('\n');
const render = [
  'exec',
  '--yes',
  '--package=svg-term-cli@2.1.1',
  '--',
  'svg-term',
  '--window',
  '--out',
  PICTURE,
];
execFileSync('npm', render, { input: cast, stdio: ['pipe', 'inherit', 'inherit'] });
