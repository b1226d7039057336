// What this process may do, and the refusal where that is not enough.
import { ProxyError } from '../errors.ts';
import { hasNetAdmin } from './capability.ts';

/** Throws ProxyError "not-permitted". */
export function requireNetAdmin(): void {
  if (hasNetAdmin()) return;
  throw new ProxyError(
    'not-permitted',
    'changing IPVS and routes needs root, or the capability CAP_NET_ADMIN',
    {
      suggestions: ['run it with sudo', 'in a container: add the capability NET_ADMIN'],
    },
  );
}

/** Throws ProxyError "not-permitted". */
export function requireRoot(): void {
  if (process.geteuid?.() === 0) return;
  throw new ProxyError('not-permitted', 'installing or removing a service needs root', {
    suggestions: ['run it with sudo'],
  });
}
