// What init says is left to do: only what status found, in the order of the guide.
import { expect, test } from 'vitest';
import { formatNextSteps, nextSteps } from '../../../src/cli/next-steps.ts';
import type { Problem } from '../../../src/lib/status/conditions.ts';

const VIP = '10.99.0.1:6443';

function problem(code: string, remedy: string): Problem {
  return { code, severity: 'degraded', text: 'x', remedy, isLook: false, forS: undefined };
}

const DAEMON = problem('daemon-not-running', 'bcs-apiserver-proxy install-service --role daemon');
const KUBELET = problem('kubelet-not-using-vip', 'grep server: /etc/kubernetes/kubelet.conf');

test('in the order of the guide, whatever status names first', () => {
  const steps = nextSteps({ problems: [DAEMON, problem('sh-imbalance', 'init ...'), KUBELET] }, VIP);
  expect(formatNextSteps(steps)).toBe(`next:
  1  point kubelet to https://10.99.0.1:6443:
     bcs-apiserver-proxy status --explain kubelet-not-using-vip
  2  run the daemon on this node, or once for the cluster as a DaemonSet:
     bcs-apiserver-proxy install-service --role daemon
`);
});

test('a path of somebody else begins no line', () => {
  const remedy = problem('daemon-not-running', 'bcs-apiserver-proxy install-service --kubeconfig /x\nrm');
  expect(formatNextSteps(nextSteps({ problems: [remedy] }, VIP))).toMatch(/--kubeconfig \/x\\x0arm\n$/);
});

test('nothing is left: not a word', () => {
  expect(formatNextSteps(nextSteps({ problems: [problem('real-server-down', 'sync')] }, VIP))).toBe('');
});
