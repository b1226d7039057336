// List, get and watch of the three resources that discovery reads, in the API's own shapes.
import type { ServerResponse } from 'node:http';
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
  const matches = selector(url);
  const items = failure === 'empty' ? [] : objects.list(resource).filter(matches);
  const item = items.find(({ metadata }) => metadata.name === url.pathname.slice(slash + 1));
  if (failure === 'hang') return;
  if (failure === 'forbidden' || (failure === 'unlistable' && !single))
    sendStatus(response, 403, 'Forbidden');
  else if (failure === 'garbage') {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"kind":"Endpoint');
  } else if (failure === 'missing' || (single && item === undefined)) sendStatus(response, 404, 'NotFound');
  else if (watch) serveWatch(objects, resource, matches, url, response);
  else if (single) sendJson(response, 200, item);
  else
    sendJson(response, 200, {
      kind,
      apiVersion,
      metadata: { resourceVersion: objects.resourceVersion },
      items,
    });
}

function serveWatch(
  objects: Objects,
  resource: string,
  matches: Watcher['matches'],
  url: URL,
  response: ServerResponse,
): void {
  response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
  const watcher: Watcher = {
    resource,
    matches,
    bookmarks: url.searchParams.get('allowWatchBookmarks') === 'true',
    send: event => response.write(`${JSON.stringify(event)}\n`),
    end: () => response.end(),
  };
  const seconds = Number(url.searchParams.get('timeoutSeconds') ?? 0);
  const timer = seconds > 0 ? setTimeout(() => response.end(), seconds * 1000) : undefined;
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
