// List, get and watch of the three resources that discovery reads, in the API's own shapes.
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { FrameWriter } from './frames.ts';
import type { Objects, Watcher } from './objects.ts';
import { sendJson, sendStatus } from './respond.ts';
import type { KubeObject } from './shapes.ts';
import type { State } from './state.ts';

const COLLECTIONS: Record<string, { resource: string; kind: string; apiVersion: string }> = {
  '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices': {
    resource: 'endpointslices',
    kind: 'EndpointSliceList',
    apiVersion: 'discovery.k8s.io/v1',
  },
  '/api/v1/namespaces/default/endpoints': { resource: 'endpoints', kind: 'EndpointsList', apiVersion: 'v1' },
  '/api/v1/nodes': { resource: 'nodes', kind: 'NodeList', apiVersion: 'v1' },
};

export function discover(
  state: State,
  objects: Objects,
  url: URL,
  watch: boolean,
  response: ServerResponse,
): void {
  const single = COLLECTIONS[url.pathname] === undefined;
  const slash = url.pathname.lastIndexOf('/');
  const collection = COLLECTIONS[single ? url.pathname.slice(0, slash) : url.pathname];
  if (collection === undefined) {
    sendStatus(response, 404, 'NotFound');
    return;
  }
  const { resource, kind, apiVersion } = collection;
  const failure = state.knobs.fail[resource];
  if (failure === 'hang') return;
  const isForbidden =
    failure === 'forbidden' || (failure === 'unlistable' && !single) || (failure === 'unwatchable' && watch);
  if (isForbidden) sendStatus(response, 403, 'Forbidden');
  else if (failure === 'garbage') {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"kind":"Endpoint');
  } else if (failure === 'missing') sendStatus(response, 404, 'NotFound');
  else if (failure === 'expired' && watch) sendStatus(response, 410, 'Expired');
  else if (failure === 'throttled') {
    const details = { retryAfterSeconds: state.knobs.retryAfterS };
    sendStatus(response, 429, 'TooManyRequests', { message: 'storage is (re)initializing', details });
  } else if (watch) serveWatch(state, objects, resource, selector(url), url, response);
  else {
    const name = single ? url.pathname.slice(slash + 1) : undefined;
    const answer = (known: Known): void => {
      const items = failure === 'empty' ? [] : known.list(resource).filter(selector(url));
      const item = items.find(({ metadata }) => metadata.name === name);
      const metadata = { resourceVersion: String(known.version) };
      if (!single) sendJson(response, 200, { kind, apiVersion, metadata, items });
      else if (item === undefined) sendStatus(response, 404, 'NotFound');
      else sendJson(response, 200, item);
    };
    void read(state, objects, url.searchParams.get('resourceVersion') ?? '', response).then(
      known => known && answer(known),
    );
  }
}

/** Undefined when it was answered with why not. No version = etcd's newest; 0 = the cache; else the cache, once it is so new. */
async function read(
  { knobs }: State,
  objects: Objects,
  version: string,
  response: ServerResponse,
): Promise<Known | undefined> {
  if (version === '') {
    const { newest } = objects;
    if (newest === undefined) sendStatus(response, 500, 'InternalError', { message: NO_ETCD });
    return newest;
  }
  const { cache } = objects;
  for (let waitedMs = 0; cache.version < Number(version) && waitedMs < knobs.freshMs; waitedMs += 50)
    await delay(50);
  if (cache.version >= Number(version)) return cache;
  const message = `Timeout: Too large resource version: ${version}, current: ${cache.version}`;
  sendStatus(response, 504, 'Timeout', { message, details: TOO_LARGE });
  return undefined;
}

type Known = Objects['cache'];

const NO_ETCD = 'etcdserver: request timed out';
const TOO_LARGE = {
  retryAfterSeconds: 1,
  causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
};

function serveWatch(
  { knobs }: State,
  objects: Objects,
  resource: string,
  matches: Watcher['matches'],
  url: URL,
  response: ServerResponse,
): void {
  response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
  const frames = new FrameWriter(response, knobs.frames);
  const watcher: Watcher = {
    resource,
    matches,
    bookmarks: url.searchParams.get('allowWatchBookmarks') === 'true',
    send: event => frames.write(`${JSON.stringify(event)}\n`),
    end: () => frames.end(),
  };
  const asked = Number(url.searchParams.get('timeoutSeconds') ?? 0) * 1000;
  const random = knobs.minRequestTimeoutMs * (1 + Math.random());
  const end = (): void => {
    objects.unwatch(watcher);
    watcher.end();
  };
  const timer = setTimeout(end, asked === 0 || knobs.always ? random : asked);
  response.on('close', () => {
    clearTimeout(timer);
    objects.unwatch(watcher);
  });
  objects.watch(watcher, url.searchParams.get('resourceVersion'));
}

/** labelSelector with `key=value`, `key` and `!key`, and fieldSelector with metadata.name. */
function selector(url: URL): (object: KubeObject) => boolean {
  const terms = (url.searchParams.get('labelSelector') ?? '').split(',').filter(term => term !== '');
  const name = /^metadata\.name=(.+)$/.exec(url.searchParams.get('fieldSelector') ?? '')?.[1];
  return ({ metadata }) =>
    (name === undefined || metadata.name === name) &&
    terms.every(term => {
      const [key = '', value] = term.split('=');
      if (key.startsWith('!')) return !(key.slice(1) in metadata.labels);
      return key in metadata.labels && (value === undefined || metadata.labels[key] === value);
    });
}
