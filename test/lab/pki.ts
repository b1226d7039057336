// The lab's certificate authority and the one server certificate of all stand-in apiservers, made once with openssl.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { MASTER_ADDRESSES, VIPS } from './addresses.ts';
import { CACHE } from './paths.ts';

/** Directory with ca.crt, server.crt and server.key. */
export function certificates(): string {
  const directory = join(CACHE, 'pki');
  if (existsSync(directory)) return directory;
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'pki-'));
  const addresses = [...VIPS, ...MASTER_ADDRESSES].map(address => `IP:${address}`);
  const names = ['DNS:kubernetes', 'DNS:kubernetes.default.svc', ...addresses].join(',');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650'];
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: work, stdio: 'pipe' });
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-subj',
    '/CN=lab CA',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  );
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'server.key',
    '-out',
    'server.crt',
    '-subj',
    '/CN=kube-apiserver',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-addext',
    `subjectAltName=${names}`,
    '-addext',
    'basicConstraints=critical,CA:FALSE',
    '-addext',
    'extendedKeyUsage=serverAuth',
  );
  renameSync(work, directory);
  return directory;
}
