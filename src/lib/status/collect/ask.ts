// GET from a program of this host: small answers over plain HTTP, never longer than the deadline.
import { errnoCode } from '../../errors.ts';
import { isListening } from '../../host/listeners.ts';
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
  // On a node without that program nothing has to be loaded to ask it.
  if (!isListening(port)) return { kind: 'refused' };
  const { get } = await import('node:http');
  return new Promise(resolve => {
    const request = get({ host: address, port, path, agent: false, signal: deadline }, response => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > MAX_BYTES) response.destroy();
      });
      response.once('end', () => resolve({ kind: 'answer', status: response.statusCode ?? 0, body }));
      response.on('error', () => resolve({ kind: 'silent' }));
      response.once('close', () => resolve({ kind: 'silent' }));
    });
    request.on('error', error =>
      resolve({ kind: errnoCode(error) === 'ECONNREFUSED' ? 'refused' : 'silent' }),
    );
  });
}
