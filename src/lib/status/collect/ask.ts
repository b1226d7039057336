// GET from a program of this host: small answers over plain HTTP, never longer than the deadline.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { HostPort } from '../../model/address.ts';

export type Reply =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  /** Nobody accepts connections there. */
  | { readonly kind: 'refused' }
  /** Somebody does and says nothing, or not all of it, in time; or nothing that is HTTP. */
  | { readonly kind: 'silent' };

/** Far more than any page that is asked for here has. */
const MAX_BYTES = 4 * 1024 * 1024;

export async function ask({ address, port }: HostPort, path: string, deadline: AbortSignal): Promise<Reply> {
  const socket = connect({ host: address, port, signal: deadline });
  // What goes wrong with it shows up below, where it is waited for.
  socket.on('error', () => {});
  try {
    await once(socket, 'connect', { signal: deadline });
  } catch {
    return { kind: deadline.aborted ? 'silent' : 'refused' };
  }
  // On a node without that program nothing more has to be loaded.
  const { get } = await import('node:http');
  return new Promise(resolve => {
    const silent = (): void => resolve({ kind: 'silent' });
    const request = get({ path, createConnection: () => socket, signal: deadline }, response => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > MAX_BYTES) response.destroy();
      });
      response.once('end', () => resolve({ kind: 'answer', status: response.statusCode ?? 0, body }));
      response.on('error', silent);
      response.once('close', silent);
    });
    request.on('error', silent);
  });
}
