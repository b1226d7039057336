// The original program's file, as its template and its DaemonSet fill it in.
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../src/lib/config/document.ts';

function refusal(document: unknown): string {
  try {
    return JSON.stringify(parseConfig(JSON.stringify(document)).settings);
  } catch (error) {
    return (error as Error).message;
  }
}

describe("the original program's file", () => {
  test('as its DaemonSet renders it', () => {
    const { settings, notes } = parseConfig(`{
      "address": "10.0.0.21", "port": 8004,
      "pid_dir": "./", "log_dir": "/data/bcs/logs/bcs", "alsologtostderr": true, "v": 3,
      "debugMode": true,
      "proxyLvs": { "virtualAddress": "10.103.97.2:6443" },
      "healthCheck": { "healthScheme": "https", "healthPath": "/healthz" },
      "k8sConfig": { "master": "", "kubeConfig": "" },
      "systemInterval": { "endpointInterval": 3, "managerInterval": 5 }
    }`);
    expect(settings).toEqual({
      vs: { address: '10.103.97.2', port: 6443 },
      probe: 'healthz',
      listen: { address: '10.0.0.21', port: 8004 },
    });
    expect(notes).toEqual([
      'key systemInterval is ignored: the API is watched instead of polled',
      'key debugMode is ignored: there is no profiling over HTTP',
      'keys pid_dir, log_dir, alsologtostderr, v are ignored: logs go to standard output, and there is no PID file',
    ]);
  });

  test('with every key that means something here', () => {
    const { settings, notes } = parseConfig(
      JSON.stringify({
        address: 'fd00::21',
        port: 9004,
        debugMode: false,
        proxyLvs: { virtualAddress: '[fd99::1]:6443', lvsScheduler: 'rr' },
        persistConfig: { ipvsPersistDir: '/root/.bcs' },
        healthCheck: { healthScheme: 'http', healthPath: '/health?x=1' },
        k8sConfig: { master: '10.0.0.11:6443', kubeConfig: '/etc/kubernetes/admin.conf' },
        realServer: { realServers: ['[fd00::11]:6443'] },
        extra: 1,
      }),
    );
    expect(settings).toEqual({
      vs: { address: 'fd99::1', port: 6443 },
      rs: [{ address: 'fd00::11', port: 6443 }],
      scheduler: 'rr',
      persistDir: '/root/.bcs',
      probe: 'readyz',
      probePath: '/health?x=1',
      kubeconfig: '/etc/kubernetes/admin.conf',
      server: 'https://10.0.0.11:6443',
      listen: { address: 'fd00::21', port: 9004 },
    });
    expect(notes).toEqual([
      'key healthCheck.healthScheme http is ignored: apiservers are probed over HTTPS',
      'key extra is ignored: nothing here corresponds',
    ]);
  });

  test('what a template left empty is as good as absent', () => {
    const { settings, notes } = parseConfig(
      '{"address": "", "port": , "proxyLvs": {"virtualAddress": "10.99.0.1:6443"}, "healthCheck": {"healthScheme": "", "healthPath": ""}, "k8sConfig": null}',
    );
    expect(settings).toEqual({ vs: { address: '10.99.0.1', port: 6443 } });
    expect(notes).toEqual([]);
  });

  test.each([
    [{ port: 8004 }, { listen: { address: '127.0.0.1', port: 8004 } }],
    [{ address: '10.0.0.21' }, { listen: { address: '10.0.0.21', port: 8004 } }],
  ])('%j is enough to be recognised', (document, settings) => {
    expect(parseConfig(JSON.stringify(document)).settings).toEqual(settings);
  });

  test.each([
    [
      { proxyLvs: { virtualAddress: 'vip' } },
      'key proxyLvs.virtualAddress vip: "vip" is not an IP address (host names are not resolved); write VIP:PORT, for example 10.99.0.1:6443',
    ],
    [{ proxyLvs: '10.99.0.1:6443' }, 'key proxyLvs 10.99.0.1:6443: a mapping of keys to values is expected'],
    [
      { proxyLvs: { lvsScheduler: 'best' } },
      'key proxyLvs.lvsScheduler best: one of rr wrr lc wlc lblc lblcr dh sh sed nq mh fo ovf is expected',
    ],
    [{ healthCheck: { healthScheme: 'ftp' } }, 'key healthCheck.healthScheme ftp: https is expected'],
    [
      { k8sConfig: { master: 'http://10.0.0.1:8080' } },
      'key k8sConfig.master http://10.0.0.1:8080: https://HOST:PORT is expected',
    ],
    [
      { proxyLvs: { virtualAddress: '10.99.0.1:6443' }, vs: '10.99.0.1:6443' },
      "key proxyLvs: a key of the original program's file beside our key vs; use one form for all",
    ],
  ])('%j is refused', (document, message) => {
    expect(refusal(document)).toBe(message);
  });
});
