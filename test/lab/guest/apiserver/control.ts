// Run-time control of the stand-in: a JSON object a line on stdin, one JSON line on stdout in answer to each.
import { createInterface } from 'node:readline';
import type { Objects } from './objects.ts';
import type { EndpointSpec, NodeSpec } from './shapes.ts';
import type { Counters, Knobs, State } from './state.ts';

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
}

export interface Answer extends Counters {
  open: number;
  watches: number;
}

export function listenToControl(state: State, objects: Objects, countOpen: () => number): void {
  createInterface({ input: process.stdin }).on('line', line => {
    const { endpoints, nodes, slices, bookmark, gone, dropWatches, fail, ...knobs } = JSON.parse(
      line,
    ) as Control;
    Object.assign(state.knobs, knobs);
    Object.assign(state.knobs.fail, fail);
    if (endpoints !== undefined) objects.setEndpoints(endpoints);
    if (nodes !== undefined) objects.setNodes(nodes);
    for (const [name, specs] of Object.entries(slices ?? {})) objects.setSlice(name, specs);
    if (bookmark) objects.bookmark();
    if (gone) objects.forget();
    if (dropWatches) objects.endWatches();
    const answer: Answer = { ...state.counters, open: countOpen(), watches: objects.watches };
    console.log(JSON.stringify(answer));
  });
}
