// Which names a certificate of an apiserver may have. What X.509 does with them is Node's.
import type { PeerCertificate } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { apiserverIdentity } from '../../../src/lib/model/apiserver-name.ts';

const certificate = (subjectaltname: string): PeerCertificate =>
  ({ subject: {}, subjectaltname }) as unknown as PeerCertificate;

describe('without a name of its own', () => {
  const fits = (names: string): boolean =>
    apiserverIdentity(undefined, '10.0.0.11', '10.99.0.1')('whatever', certificate(names)) === undefined;

  test.each([
    'DNS:kubernetes.default.svc',
    'DNS:kubernetes',
    'IP Address:10.0.0.11',
    'IP Address:10.99.0.1',
    'DNS:m1.example, IP Address:10.0.0.11',
  ])('%s fits', names => expect(fits(names)).toBe(true));

  test.each(['DNS:evil.example', 'IP Address:10.0.0.12', 'DNS:kubernetes.evil.example'])(
    '%s does not',
    names => expect(fits(names)).toBe(false),
  );
});

test('tls-server-name of a kubeconfig is the only one', () => {
  const identity = apiserverIdentity('api.example', '10.0.0.11');
  expect(identity('', certificate('DNS:api.example'))).toBeUndefined();
  expect(identity('', certificate('DNS:kubernetes.default.svc, IP Address:10.0.0.11'))).toBeInstanceOf(Error);
});
