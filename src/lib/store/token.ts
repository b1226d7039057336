// A bearer token in a file of its own, which ends in a line break more often than not.
import { ProxyError } from '../errors.ts';
import { readFileIfThere } from './atomic-file.ts';

/** Throws ProxyError; no message quotes what is in the file. */
export function readToken(path: string): string {
  const token = readFileIfThere(path)?.trim();
  if (token === undefined) throw new ProxyError('no-such-file', `${path}: there is no such file`);
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  const what = token === '' ? 'is empty' : 'has more than one line, or characters that no token has';
  throw new ProxyError('token-unusable', `${path} ${what}`);
}
