// JSON answers in the shapes of the Kubernetes API.
import type { ServerResponse } from 'node:http';

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function sendStatus(response: ServerResponse, code: number, reason: string): void {
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: reason, reason, code };
  sendJson(response, code, body);
}
