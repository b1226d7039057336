// What apiservers were asked about the masters, and what they answered: their audit logs say it, whatever a client says of
// itself. docs: kubernetes.io, "Auditing".
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    {
      level: 'Metadata',
      resources: [
        { group: '', resources: ['endpoints'] },
        { group: 'discovery.k8s.io', resources: ['endpointslices'] },
      ],
    },
    { level: 'None' },
  ],
};

export interface Asked {
  readonly user: string;
  readonly verb: string;
  /** Without its query. */
  readonly path: string;
  readonly code: number;
}

/** Flags of an apiserver that logs into `directory`. */
export function auditFlags(directory: string): string[] {
  writeFileSync(join(directory, 'audit-policy.json'), JSON.stringify(POLICY));
  return [
    `--audit-policy-file=${join(directory, 'audit-policy.json')}`,
    `--audit-log-path=${join(directory, 'audit.log')}`,
  ];
}

interface Entry {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly requestURI: string;
  readonly responseStatus?: { readonly code?: number };
}

/** In the order of their answers. */
export function askedIn(directory: string): Asked[] {
  const path = join(directory, 'audit.log');
  if (!existsSync(path)) return [];
  const whole = readFileSync(path, 'utf8').split('\n').slice(0, -1); // the last may be half-written
  return whole
    .map(line => JSON.parse(line) as Entry)
    .map(({ user, verb, requestURI, responseStatus }) => ({
      user: user.username,
      verb,
      path: requestURI.replace(/\?.*/, ''),
      code: responseStatus?.code ?? 0,
    }));
}
