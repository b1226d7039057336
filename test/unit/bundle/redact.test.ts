import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact } from '../../../src/lib/bundle/redact.ts';
import { SECRETS } from '../../helpers/secrets.ts';

describe('secrets go', () => {
  test.each(SECRETS)('$form', ({ text, secret }) => {
    expect(text).toContain(secret);
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain('[redacted]');
  });

  test('wherever they stand', () => {
    const around = fc.stringMatching(/^[ -~\n]{0,40}$/);
    fc.assert(
      fc.property(around, fc.constantFrom(...SECRETS), around, (before, { text, secret }, after) => {
        expect(redact(`${before}\n${text}\n${after}`)).not.toContain(secret);
      }),
    );
  });

  test('and several in one text', () => {
    const all = redact(SECRETS.map(({ text }) => text).join('\n'));
    expect(SECRETS.filter(({ secret }) => all.includes(secret))).toEqual([]);
  });
});

test.each(['x', 'token', 'a.', 'eyJ-', '://', 'token="', '--', ' ', '-----BEGIN PRIVATE KEY-----'])(
  'a long line of %j is looked through once, not once for each of its places',
  unit => {
    // The square of its length would be hours.
    expect(redact(unit.repeat((512 * 1024) / unit.length)).length).toBeGreaterThan(0);
  },
);

describe('what is no secret stays', () => {
  test.each([
    'tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token',
    'real server 10.0.0.11:6443 is dead (econnrefused)',
    'https://10.99.0.1:6443/readyz and https://[fd99::1]:6443',
    '{"problems":[{"code":"real-server-down","remedy":"curl -k https://10.0.0.13:6443/readyz"}]}',
    '> 20000000 10000500 01000000 00000000 03020000 09000200 49505653 00000000',
    '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
    'ExecStart=/root/bcs-apiserver-proxy daemon --vs 10.99.0.1:6443 --kubeconfig /etc/kubernetes/kubelet.conf',
    '# HELP bcs_apiserver_proxy_passes_total passes made',
  ])('%s', text => expect(redact(text)).toBe(text));

  test('JSON stays JSON', () => {
    expect(JSON.parse(redact('{"token":"abc","list":["a"],"password": "x y"}'))).toEqual({
      token: '[redacted]',
      list: ['a'],
      password: '[redacted]',
    });
  });
});
