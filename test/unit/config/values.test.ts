import { describe, expect, test } from 'vitest';
import { readDocument, readFlags } from '../../../src/lib/config/settings.ts';

/** What a flag with this text reads as, or the refusal. */
function flag(name: string, value: unknown): unknown {
  try {
    return Object.values(readFlags({ [name]: value }))[0];
  } catch (error) {
    return (error as Error).message;
  }
}

/** The refusal of a document. */
function refusal(document: Record<string, unknown>): string {
  try {
    return JSON.stringify(readDocument(document));
  } catch (error) {
    return (error as Error).message;
  }
}

describe('durations', () => {
  test.each([
    ['200ms', 200],
    ['2s', 2000],
    ['1.5s', 1500],
    ['10m', 600_000],
  ])('%s', (text, milliseconds) => {
    expect(flag('probe-interval', text)).toBe(milliseconds);
  });

  test('hours, for a long drain; none, for no drain', () => {
    expect([flag('drain-timeout', '24h'), flag('drain-timeout', '0s')]).toEqual([86_400_000, 0]);
  });

  test.each([
    ['2', '--probe-interval 2: the unit is missing; write 2s or 2ms'],
    ['0.5', '--probe-interval 0.5: the unit is missing; write 0.5s or 0.5ms'],
    ['soon', '--probe-interval soon: a duration like 2s, 200ms or 1m is expected'],
    ['1m30s', '--probe-interval 1m30s: a duration like 2s, 200ms or 1m is expected'],
    ['-2s', '--probe-interval -2s: a duration like 2s, 200ms or 1m is expected'],
    ['', '--probe-interval "": a duration like 2s, 200ms or 1m is expected'],
    [
      '99ms',
      '--probe-interval 99ms: a duration from 100ms to 10m is expected: faster is a load on every apiserver, slower is no watch over them',
    ],
    [
      '1h',
      '--probe-interval 1h: a duration from 100ms to 10m is expected: faster is a load on every apiserver, slower is no watch over them',
    ],
  ])('%j is refused', (text, message) => {
    expect(flag('probe-interval', text)).toBe(message);
  });

  test('in a file a plain number is refused the same way', () => {
    expect(refusal({ probeTimeout: 1 })).toBe('key probeTimeout 1: the unit is missing; write 1s or 1ms');
  });

  test('a timeout may exceed the interval', () => {
    expect(readFlags({ 'probe-interval': '200ms', 'probe-timeout': '300ms' })).toEqual({
      probeInterval: 200,
      probeTimeout: 300,
    });
  });
});

describe('a flag is refused by name, value and rule', () => {
  test.each([
    [
      'rise',
      '0',
      '--rise 0: a whole number from 1 to 10 is expected; more of them in a row delay a failover by minutes',
    ],
    [
      'fall',
      '2.5',
      '--fall 2.5: a whole number from 1 to 10 is expected; more of them in a row delay a failover by minutes',
    ],
    ['vs', '10.99.0.1', '--vs 10.99.0.1: the port is missing; write VIP:PORT, for example 10.99.0.1:6443'],
    [
      'rs',
      ['10.0.0.1:6443', 'master'],
      '--rs master: "master" is not an IP address (host names are not resolved); write HOST:PORT, for example 10.0.0.11:6443',
    ],
    [
      'scheduler',
      'best',
      '--scheduler best: one of rr wrr lc wlc lblc lblcr dh sh sed nq mh fo ovf is expected',
    ],
    [
      'scheduler-flags',
      ['sh-port', 'x'],
      '--scheduler-flags x: one of sh-fallback sh-port mh-fallback mh-port is expected',
    ],
    [
      'source-ip',
      'eth0',
      '--source-ip eth0: "eth0" is not an IP address (host names are not resolved); give an address of this host',
    ],
    ['discovery', 'dns', '--discovery dns: one of endpoints nodes static is expected'],
    ['server', 'http://10.0.0.1:8080', '--server http://10.0.0.1:8080: https://HOST:PORT is expected'],
    ['server', '10.0.0.1:6443', '--server 10.0.0.1:6443: https://HOST:PORT is expected'],
    ['probe', 'http', '--probe http: one of readyz livez healthz tcp none is expected'],
    [
      'probe-path',
      'readyz',
      '--probe-path readyz: a URL path that begins with / is expected, for example /readyz',
    ],
    [
      'probe-path',
      '/a b',
      '--probe-path /a b: a URL path that begins with / is expected, for example /readyz',
    ],
    ['probe-status', ['200', '42'], '--probe-status 42: a whole number from 100 to 599 is expected'],
    [
      'listen',
      '8004',
      '--listen 8004: "8004" is not an IP address (host names are not resolved); write HOST:PORT, for example 127.0.0.1:8004, or none',
    ],
    ['ca-file', '', '--ca-file "": the path of a PEM file is expected'],
    ['log-format', 'xml', '--log-format xml: one of auto json text is expected'],
  ])('--%s %j', (name, value, message) => {
    expect(flag(name, value)).toBe(message);
  });
});

describe('a key of a file is refused by name, value and rule', () => {
  test.each([
    [{ route: 'yes' }, 'key route yes: true or false is expected'],
    [{ rs: '10.0.0.1:6443' }, 'key rs 10.0.0.1:6443: a list of HOST:PORT is expected'],
    [{ rs: [] }, 'key rs []: a list of HOST:PORT is expected'],
    [{ rs: [6443] }, 'key rs 6443: HOST:PORT is expected'],
    [{ probeStatus: 200 }, 'key probeStatus 200: a list of HTTP status codes is expected'],
    [{ kubeconfig: null }, 'key kubeconfig null: the path of a kubeconfig is expected'],
    [{ probe: true }, 'key probe true: one of readyz livez healthz tcp none is expected'],
    [{ fall: '3x' }, expect.stringContaining('key fall 3x: a whole number from 1 to 10 is expected')],
  ])('%j', (document, message) => {
    expect(refusal(document)).toEqual(message);
  });
});

describe('an unknown key is refused, with the nearest known one', () => {
  test.each([
    ['probeIntervall', 'key probeIntervall: unknown; did you mean probeInterval?'],
    ['probe-interval', 'key probe-interval: unknown; did you mean probeInterval?'],
    ['probe_interval', 'key probe_interval: unknown; did you mean probeInterval?'],
    ['schedular', 'key schedular: unknown; did you mean scheduler?'],
    ['kubeConfig', 'key kubeConfig: unknown; did you mean kubeconfig?'],
    ['constructor', expect.stringMatching(/^key constructor: unknown; the keys are vs rs scheduler /)],
    ['virtualServer', expect.stringMatching(/^key virtualServer: unknown; the keys are vs rs scheduler /)],
  ])('%s', (key, message) => {
    expect(refusal({ [key]: 1 })).toEqual(message);
  });
});
