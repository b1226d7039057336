// The four pages, without HTTP around them: paths to answers.
import { livenessProblem, missing } from './health.ts';
import type { DaemonView } from './view.ts';

export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export type Routes = ReadonlyMap<string, () => Page | Promise<Page>>;

/** What renders /metrics. */
export interface MetricsPage {
  readonly contentType: string;
  render(): Promise<string>;
}

/** Raised when a field changes its meaning or goes. */
const STATUS_SCHEMA_VERSION = 1;

export function routesOf(view: DaemonView, metrics: MetricsPage, version: string): Routes {
  return new Map<string, () => Page | Promise<Page>>([
    [
      '/metrics',
      cached(async () => ({ status: 200, type: metrics.contentType, body: await metrics.render() })),
    ],
    [
      '/healthz',
      () => {
        const problem = livenessProblem(view.snapshot());
        return textPage(problem === undefined ? 200 : 503, problem ?? 'ok');
      },
    ],
    [
      '/readyz',
      () => {
        const problems = missing(view.snapshot());
        return textPage(problems.length === 0 ? 200 : 503, problems.join('\n') || 'ok');
      },
    ],
    [
      '/status',
      cached(() => ({
        status: 200,
        type: 'application/json; charset=utf-8',
        body: `${JSON.stringify({ schemaVersion: STATUS_SCHEMA_VERSION, version, ...view.snapshot() })}\n`,
      })),
    ],
  ]);
}

/** However many ask, it is made once a second. */
const KEPT_MS = 1000;

function cached(make: () => Page | Promise<Page>): () => Page | Promise<Page> {
  let page: Page | Promise<Page> | undefined;
  let madeAt = 0;
  return () => {
    const now = performance.now();
    if (page === undefined || now - madeAt >= KEPT_MS) {
      page = make();
      madeAt = now;
    }
    return page;
  };
}

export function textPage(status: number, text: string): Page {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}
