// The Helm chart, and values for all of it.
export const CHART = 'deploy/helm/bcs-apiserver-proxy';

/** Everything that can be switched on or given. */
export const EVERY_VALUE = {
  image: { repository: 'registry.example:5000/infra/proxy', tag: '1.2', pullSecrets: [{ name: 'registry' }] },
  virtualServer: '[fd99::1]:6443',
  realServers: ['[fd00::11]:6443'],
  scheduler: 'rr',
  discovery: 'nodes',
  listen: { address: '::', port: 9000 },
  persistDir: '/var/lib/proxy',
  extraArgs: ['--probe-interval', '5s', '--no-route'],
  resources: { limits: { memory: '1Gi', cpu: '1' } },
  priorityClassName: 'nodes',
  tolerations: [{ key: 'infra', operator: 'Equal', value: 'yes', effect: 'NoExecute', tolerationSeconds: 9 }],
  nodeSelector: { pool: 'a' },
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'edge', operator: 'DoesNotExist' }] }],
      },
    },
  },
  updateStrategy: { maxUnavailable: 3 },
  podAnnotations: { note: 'ours', 'prometheus.io/scrape': 'false' },
  podLabels: { team: 'infra' },
  podMonitor: { enabled: true, interval: '15s', deprecatedNames: false, labels: { release: 'monitoring' } },
  prometheusRule: {
    enabled: true,
    runbookBase: 'https://wiki.example/a-b/proxy?x=%20y',
    labels: { release: 'monitoring' },
  },
  dashboard: { enabled: true, labels: { folder: 'infra' } },
};
