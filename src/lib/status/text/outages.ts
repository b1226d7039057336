// The daemon's last transitions, folded into outages: what went wrong with something until it was well again. Pure.
import { formatAge } from '../age.ts';
import type { EventFacts } from '../report.ts';
import { wrap } from '../wrap.ts';

/** The steps of one object from its first bad state to the end of it, oldest first; another event is one step alone. */
export type Outage = readonly EventFacts[];

const BAD = new Set(['dead', 'slow', 'closing', 'draining', 'held', 'left']);

/** In the order in which they began. */
export function foldOutages(events: readonly EventFacts[]): Outage[] {
  const outages: EventFacts[][] = [];
  const open = new Map<string, EventFacts[]>();
  for (const event of events) {
    const outage = open.get(event.object);
    if (outage === undefined) outages.push([event]);
    else outage.push(event);
    if (!BAD.has(event.to)) open.delete(event.object);
    else if (outage === undefined) open.set(event.object, outages.at(-1) ?? []);
  }
  return outages;
}

/** How many are shown: a screen has room for a few, and the state file for all. */
const SHOWN = 5;

/** Newest first; all of them if wide. */
export function outageLines(events: readonly EventFacts[], wide: boolean): string[] {
  const outages = foldOutages(events).toReversed();
  if (outages.length === 0) return [];
  const shown = wide ? outages : outages.slice(0, SHOWN);
  const more = shown.length < outages.length ? `; ${outages.length - shown.length} more with --wide` : '';
  return [
    `last events, times in UTC${more}`,
    ...shown.flatMap(outage => wrap('  ', describeOutage(outage), 80, '    ')),
  ];
}

/** "10.0.0.13:6443 dead 03:12:05 etimedout, back 03:14:11" */
function describeOutage(outage: Outage): string {
  const object = outage[0]?.object.replace(/^real server /, '') ?? '';
  const steps = outage.map((event, index) => {
    const ended = index > 0 && !BAD.has(event.to) && event.to !== 'gone';
    if (ended) return `back ${timeOf(event)}`;
    const tells = BAD.has(event.to) || event.to === 'repaired';
    return [event.to, timeOf(event), tells ? event.why : ''].filter(part => part !== '').join(' ');
  });
  return `${object} ${steps.join(', ')}${stillFor(outage)}`;
}

function stillFor(outage: Outage): string {
  const last = outage.at(-1);
  return last !== undefined && BAD.has(last.to) ? `, for ${formatAge(last.ageS)} now` : '';
}

/** A time of day is enough for the last 12 hours. */
function timeOf({ time, ageS }: EventFacts): string {
  const clock = time.slice(11, 19);
  return ageS < 43_200 ? clock : `${time.slice(0, 10)} ${clock}`;
}
