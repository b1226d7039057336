// What the stand-in answers to each path, and how it misbehaves when told to.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { discover } from './discovery.ts';
import type { Objects } from './objects.ts';
import { sendJson, sendStatus } from './respond.ts';
import type { State } from './state.ts';

/** As long as those of a real one: 60 checks on a line each. */
const CHECKS = Array.from(
  { length: 60 },
  (_, index) => `[+]poststarthook/check-of-stand-in-${index} ok\n`,
).join('');

/** Late, where it is told to be late. */
export function answer(
  state: State,
  objects: Objects,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { delayMs, hiccup } = state.knobs;
  const readyz = request.url === '/readyz' ? (state.counters.requests['/readyz'] ?? 0) + 1 : 0;
  const lateMs = readyz > 0 && hiccup && readyz % hiccup.every === 0 ? hiccup.ms : delayMs;
  if (lateMs === 0) answerNow(state, objects, request, response);
  else setTimeout(() => answerNow(state, objects, request, response), lateMs);
}

function answerNow(state: State, objects: Objects, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'https://apiserver');
  const { knobs, counters, name } = state;
  const watch = ['1', 'true'].includes(url.searchParams.get('watch') ?? '');
  const counted = watch ? `watch ${url.pathname}` : url.pathname;
  counters.requests[counted] = (counters.requests[counted] ?? 0) + 1;
  if (knobs.hang === true || knobs.hang === url.pathname) return;
  if (knobs.token !== null && request.headers.authorization !== `Bearer ${knobs.token}`) {
    sendStatus(response, 401, 'Unauthorized');
    return;
  }
  switch (url.pathname) {
    case '/readyz':
    case '/livez':
    case '/healthz': {
      const healthy = knobs[url.pathname.slice(1) as 'readyz' | 'livez' | 'healthz'];
      // One without etcd can do nothing.
      const status = objects.newest === undefined ? 500 : healthy;
      const verbose = url.searchParams.has('verbose') ? CHECKS : '';
      response
        .writeHead(status, { 'content-type': 'text/plain' })
        .end(`${verbose}${status === 200 ? 'ok' : 'not ok'}`);
      break;
    }
    case '/version': {
      const [, major, minor] = /^v(\d+)\.(\d+)/.exec(knobs.version) ?? [];
      sendJson(response, 200, { major, minor, gitVersion: knobs.version, platform: 'linux/amd64' });
      break;
    }
    case '/whoami':
      sendJson(response, 200, { master: name, client: request.socket.remoteAddress });
      break;
    case '/stream': // an idle watch: headers, and then nothing for ever
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      break;
    case '/large': // a list, of so many bytes
      response.writeHead(200).end('x'.repeat(Number(url.searchParams.get('bytes'))));
      break;
    case '/slow': // a request in flight: a list of 10 s
      setTimeout(
        () => sendJson(response, 200, { master: name }),
        Number(url.searchParams.get('ms') ?? 10_000),
      );
      break;
    case '/echo':
      request.pipe(response);
      break;
    default:
      discover(state, objects, url, watch, response);
  }
}
