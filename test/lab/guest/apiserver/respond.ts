// JSON answers in the shapes of the Kubernetes API.
import type { ServerResponse } from 'node:http';

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** `details` with retryAfterSeconds come with the header that says the same. */
export function sendStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  { message = reason, details }: { message?: string; details?: { retryAfterSeconds: number } } = {},
): void {
  if (details !== undefined) response.setHeader('retry-after', details.retryAfterSeconds);
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, details, code };
  sendJson(response, code, body);
}
