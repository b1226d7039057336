// JSON from the API as Kubernetes objects, lists and watch events. Nothing is believed before it was looked at.
import { ApiError } from './api-error.ts';

export interface KubernetesObject {
  readonly [field: string]: unknown;
}

export interface List {
  readonly resourceVersion: string;
  readonly items: ReadonlyMap<string, KubernetesObject>;
}

export type WatchEvent =
  | {
      readonly type: 'changed' | 'deleted';
      readonly name: string;
      readonly object: KubernetesObject;
      readonly resourceVersion: string;
    }
  | { readonly type: 'bookmark'; readonly resourceVersion: string };

export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function readList(json: string): List {
  const list = asRecord(parseJson(json));
  if (!Array.isArray(list.items)) throw garbage(json);
  const items = list.items.map(item => [text(metadata(item).name, json), asRecord(item)] as const);
  return { resourceVersion: text(metadata(list).resourceVersion, json), items: new Map(items) };
}

/** One object, got by its name, as the list of all there is. */
export function readSingle(json: string): List {
  const object = asRecord(parseJson(json));
  const { name, resourceVersion } = metadata(object);
  return { resourceVersion: text(resourceVersion, json), items: new Map([[text(name, json), object]]) };
}

/** Throws `api-expired` for an ERROR event with code 410, and `api-status` for any other. */
export function readWatchEvent(json: string): WatchEvent {
  const { type, object } = asRecord(parseJson(json));
  if (type === 'ERROR') throw errorEvent(asRecord(object));
  const resourceVersion = text(metadata(object).resourceVersion, json);
  if (type === 'BOOKMARK') return { type: 'bookmark', resourceVersion };
  const name = text(metadata(object).name, json);
  if (type === 'DELETED') return { type: 'deleted', name, object: asRecord(object), resourceVersion };
  if (type !== 'ADDED' && type !== 'MODIFIED') throw garbage(json);
  return { type: 'changed', name, object: asRecord(object), resourceVersion };
}

/** The sentence of a `Status` object, or undefined when the text is none. */
export function statusMessage(json: string): string | undefined {
  try {
    const { kind, message } = asRecord(JSON.parse(json));
    return kind === 'Status' && typeof message === 'string' && message !== '' ? message : undefined;
  } catch {
    return undefined;
  }
}

function errorEvent({ code, message }: Readonly<Record<string, unknown>>): ApiError {
  const reason = typeof message === 'string' ? message : 'no reason given';
  if (code === 410) return new ApiError('api-expired', reason);
  // A server that breaks off a watch that it had accepted has a problem of its own.
  const status = typeof code === 'number' && code >= 400 ? code : 500;
  return new ApiError('api-status', `the watch ended with an error (${status}): ${reason}`, status);
}

function metadata(object: unknown): Readonly<Record<string, unknown>> {
  return asRecord(asRecord(object).metadata);
}

function text(value: unknown, json: string): string {
  if (typeof value !== 'string' || value === '') throw garbage(json);
  return value;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw garbage(json);
  }
}

function garbage(json: string): ApiError {
  const start = JSON.stringify(json.slice(0, 60));
  return new ApiError(
    'api-garbage',
    `the answer is not what a Kubernetes API gives, it starts with ${start}`,
  );
}
