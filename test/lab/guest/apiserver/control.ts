// Run-time control of the stand-in: a JSON object a line on stdin, one JSON line on stdout in answer to each.
import { createInterface } from 'node:readline';
import type { StandIn } from './server.ts';
import type { EndpointSpec, NodeSpec } from './shapes.ts';
import type { Counters, Knobs } from './state.ts';

export interface Control extends Partial<Knobs> {
  /** Addresses of the `kubernetes` Service; watchers see the change. */
  endpoints?: EndpointSpec[];
  nodes?: NodeSpec[];
  /** More EndpointSlices of that Service, by name; null removes one. */
  slices?: Record<string, EndpointSpec[] | null>;
  /** Sends a BOOKMARK to every watch that asked for them. */
  bookmark?: true;
  /** Forgets history: open watches get ERROR 410, and so does a new one from an older resourceVersion. */
  gone?: true;
  /** Ends open watches without a word. */
  dropWatches?: true;
  /** Its cache hears nothing of what is written from now on (true), or of all that was missed (false). */
  lag?: boolean;
}

export interface Answer extends Counters {
  open: number;
  watches: number;
  /** Who is named as a master, as far as this one has heard. */
  named: string[];
}

export function listenToControl(standIn: StandIn): void {
  createInterface({ input: process.stdin }).on('line', line =>
    console.log(JSON.stringify(control(standIn, JSON.parse(line)))),
  );
}

export function control({ state, objects, open }: StandIn, change: Control): Answer {
  const { endpoints, nodes, slices, bookmark, gone, dropWatches, lag, fail, ...knobs } = change;
  Object.assign(state.knobs, knobs);
  Object.assign(state.knobs.fail, fail);
  if (endpoints !== undefined) objects.setEndpoints(endpoints);
  if (nodes !== undefined) objects.setNodes(nodes);
  for (const [name, specs] of Object.entries(slices ?? {})) objects.setSlice(name, specs);
  if (lag !== undefined) objects.lag(lag);
  if (bookmark) objects.bookmark();
  if (gone) objects.forget();
  if (dropWatches) objects.endWatches();
  const named = objects.cache
    .list('endpointslices')
    .flatMap(slice => (slice.endpoints as { addresses: string[] }[]).flatMap(({ addresses }) => addresses));
  return { ...state.counters, open: open.size, watches: objects.watches, named };
}
