// Renders docs/pictures/*.dot, the text of the pictures, to SVG beside them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Graphviz } from '@hpcc-js/wasm-graphviz';

const PICTURES = join(import.meta.dirname, '../docs/pictures');

/** Path of each picture -> SVG. */
export async function renderPictures(): Promise<ReadonlyMap<string, string>> {
  const graphviz = await Graphviz.load();
  const sources = readdirSync(PICTURES).filter(name => name.endsWith('.dot'));
  return new Map(
    sources.map(name => {
      const path = join(PICTURES, name);
      return [path.replace(/\.dot$/, '.svg'), graphviz.dot(readFileSync(path, 'utf8'))];
    }),
  );
}

if (import.meta.main) for (const [path, svg] of await renderPictures()) writeFileSync(path, svg);
