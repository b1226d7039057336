// The flags of `daemon`. None has a default of oclif's, so that the file of -f and the persisted set can provide what
// is not given; src/lib/config reads and checks the values, and has the defaults that the summaries name.
import { Flags } from '@oclif/core';
import { environmentName } from '../base-command.ts';
import { SCHEDULERS } from '../lib/model/scheduler.ts';
import { specFlags } from './spec-flags.ts';

/** A flag with one value, settable by environment as well. */
function value(name: string, helpValue: string, summary: string) {
  return Flags.string({ summary, helpValue, env: environmentName(name) });
}

export const daemonFlags = {
  config: Flags.string({
    char: 'f',
    summary:
      "configuration file, YAML or JSON (keys are the flag names in camelCase); the original program's file works, too",
    helpValue: 'FILE',
    env: environmentName('config'),
  }),
  vs: specFlags.vs,
  rs: specFlags.rs,
  scheduler: value('scheduler', 'NAME', `IPVS scheduler: ${SCHEDULERS.join(' ')}; default sh`),
  'scheduler-flags': specFlags['scheduler-flags'],
  'source-ip': specFlags['source-ip'],
  mtu: specFlags.mtu,
  route: Flags.boolean({
    summary:
      'manage the local route of the VIP, the default (--no-route: something else already makes it local)',
    allowNo: true,
    env: environmentName('route'),
  }),
  discovery: value(
    'discovery',
    'endpoints|nodes|static',
    'where the list of masters comes from: the kubernetes Service (default), the control-plane nodes, or only --rs',
  ),
  kubeconfig: value('kubeconfig', 'FILE', "credentials for the API; default: the pod's service account"),
  server: value('server', 'URL', 'apiserver to ask instead of the one in the kubeconfig'),
  probe: value('probe', 'readyz|livez|healthz|tcp|none', 'how masters are probed; default readyz'),
  'probe-path': value('probe-path', 'PATH', 'path to request instead of the one that --probe names'),
  'probe-status': Flags.string({
    summary: 'HTTP status codes that count as ready; default 200,401,403',
    helpValue: 'CODE',
    multiple: true,
    multipleNonGreedy: true,
    delimiter: ',',
    env: environmentName('probe-status'),
  }),
  'probe-interval': value('probe-interval', '10s', 'time between probes, 100ms to 10m; default 10s'),
  'probe-timeout': value('probe-timeout', '1s', 'time limit for a probe, 50ms to 60s; default 1s'),
  'hang-time': value(
    'hang-time',
    '4s',
    'how long a master may be silent, while its host still acknowledges packets, before it counts as hung, 100ms to 5m; default 4s',
  ),
  rise: value('rise', 'N', 'good probes before a master is used, 1 to 10; default 2'),
  fall: value('fall', 'N', 'failed probes before a master is taken out, 1 to 10; default 2'),
  'ca-file': value('ca-file', 'FILE', "CA to verify the masters' certificates with, PEM"),
  'token-file': value('token-file', 'FILE', 'bearer token for probes, sent over verified TLS only'),
  'client-certificate': value('client-certificate', 'FILE', 'client certificate for probes, PEM'),
  'client-key': value('client-key', 'FILE', 'private key of the client certificate, PEM'),
  'drain-timeout': value(
    'drain-timeout',
    '60s',
    'how long a draining master keeps its connections; default 60s',
  ),
  remember: value(
    'remember',
    '7d',
    'how long to keep probing a master that left discovery while it was dead; default 7d, 0s = not at all',
  ),
  listen: value('listen', 'HOST:PORT|none', 'metrics, health and status over HTTP; default 127.0.0.1:8004'),
  'persist-dir': value(
    'persist-dir',
    'DIR',
    'directory of the persisted set and the state file; default /root/.bcs',
  ),
  'log-format': value('log-format', 'auto|json|text', 'default auto: text on a terminal, JSON otherwise'),
};
