// Certificate authorities and certificates for servers and clients, made by openssl in a temporary directory.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface KeyPair {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** The same as files. */
  readonly certFile: string;
  readonly keyFile: string;
}

export class Pki {
  readonly directory = mkdtempSync(join(tmpdir(), 'endpoints-'));
  #serial = 0;

  authority(): KeyPair {
    return this.#make([], 'CN=test CA');
  }

  /** `names` as in subjectAltName: "IP:127.0.0.1", "DNS:kubernetes.default.svc". */
  server(authority: KeyPair, ...names: string[]): KeyPair {
    return this.#make(
      ['-CA', authority.certFile, '-CAkey', authority.keyFile, '-addext', `subjectAltName=${names}`],
      'CN=kube-apiserver',
    );
  }

  client(authority: KeyPair, name: string): KeyPair {
    return this.#make(['-CA', authority.certFile, '-CAkey', authority.keyFile], `CN=${name}`);
  }

  /** Writes a file and returns its path. */
  file(name: string, content: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }

  #make(options: string[], subject: string): KeyPair {
    this.#serial += 1;
    const certFile = join(this.directory, `${this.#serial}.crt`);
    const keyFile = join(this.directory, `${this.#serial}.key`);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile];
    const args = ['req', '-x509', ...key, '-out', certFile, '-days', '2', '-subj', `/${subject}`, ...options];
    execFileSync('openssl', args, { stdio: 'pipe' });
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), certFile, keyFile };
  }
}
