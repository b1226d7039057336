// The four files of prom-client that are used, with their types. Its index brings @opentelemetry/api, HTTP clients and
// the cluster module along: 178 KB and 11.5 MiB of memory instead of 35 KB and 0.3 MiB (measured).

declare module 'prom-client/lib/registry.js' {
  export { Registry as default } from 'prom-client';
}
declare module 'prom-client/lib/counter.js' {
  export { Counter as default } from 'prom-client';
}
declare module 'prom-client/lib/gauge.js' {
  export { Gauge as default } from 'prom-client';
}
declare module 'prom-client/lib/histogram.js' {
  export { Histogram as default } from 'prom-client';
}
