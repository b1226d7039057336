// The body of a watch: one JSON object a line, for as long as the server likes.
import type { IncomingMessage } from 'node:http';
import { MAX_BYTES } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { readWatchEvent, type WatchEvent } from './objects.ts';

/**
 * Ends when the server ends the watch between two events. Throws `api-silent` when no byte comes for `silenceMs`,
 * what readWatchEvent throws, and Node's error when the connection breaks.
 */
export async function* watchEvents(response: IncomingMessage, silenceMs: number): AsyncGenerator<WatchEvent> {
  const silent = setTimeout(() => {
    response.destroy(
      new ApiError('api-silent', `the watch was silent for ${Math.round(silenceMs / 1000)} s`),
    );
  }, silenceMs);
  try {
    let rest = '';
    for await (const chunk of response) {
      silent.refresh();
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_BYTES) throw new ApiError('api-garbage', `an event exceeds ${MAX_BYTES} bytes`);
      for (const line of lines) if (line.trim() !== '') yield readWatchEvent(line);
    }
    if (rest.trim() !== '') throw new ApiError('api-garbage', 'the watch ended in the middle of an event');
  } finally {
    clearTimeout(silent);
  }
}
