// The lab's certificate authority and the one server certificate of all stand-in apiservers, made once with openssl.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MASTER_ADDRESSES, VIPS } from './addresses.ts';
import { CACHE } from './paths.ts';

const NAMES = ['DNS:kubernetes', 'DNS:kubernetes.default.svc'];
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Directory with ca.crt, server.crt and server.key. */
export function certificates(): string {
  const directory = join(CACHE, 'pki');
  if (existsSync(directory)) return directory;
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'pki-'));
  makeAuthority(work, 'lab CA');
  signServer(work, work, { addresses: [...VIPS, ...MASTER_ADDRESSES], days: 3650 });
  renameSync(work, directory);
  return directory;
}

interface Certificate {
  readonly addresses: readonly string[];
  readonly days: number;
  /** Beside the addresses; default those of every apiserver. */
  readonly names?: readonly string[];
}

/** Another certificate, of the lab's authority or of one that nobody knows: server.crt and server.key, as texts. */
export function otherCertificate(options: Certificate & { stranger?: boolean }): Record<string, string> {
  const known = certificates();
  const work = mkdtempSync(join(CACHE, 'pki-'));
  try {
    if (options.stranger) makeAuthority(work, 'another CA');
    signServer(work, options.stranger ? work : known, options);
    const names = ['server.crt', 'server.key'];
    return Object.fromEntries(names.map(name => [name, readFileSync(join(work, name), 'utf8')]));
  } finally {
    rmSync(work, { recursive: true });
  }
}

function makeAuthority(directory: string, name: string): void {
  const usage = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  const to = ['-keyout', 'ca.key', '-out', 'ca.crt'];
  openssl(directory, ['req', '-x509', ...KEY, '-days', '3650', ...to, '-subj', `/CN=${name}`, ...usage]);
}

function signServer(
  directory: string,
  authority: string,
  { addresses, days, names: given = NAMES }: Certificate,
): void {
  const names = [...given, ...addresses.map(address => `IP:${address}`)].join(',');
  const signed = ['-CA', join(authority, 'ca.crt'), '-CAkey', join(authority, 'ca.key')];
  const extensions = [
    `subjectAltName=${names}`,
    'basicConstraints=critical,CA:FALSE',
    'extendedKeyUsage=serverAuth',
  ];
  openssl(directory, [
    ...['req', '-x509', ...KEY, '-days', String(days), '-keyout', 'server.key', '-out', 'server.crt'],
    ...['-subj', '/CN=kube-apiserver', ...signed],
    ...extensions.flatMap(extension => ['-addext', extension]),
  ]);
}

function openssl(cwd: string, args: readonly string[]): void {
  execFileSync('openssl', args, { cwd, stdio: 'pipe' });
}
