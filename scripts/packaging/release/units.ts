// The units that a package brings: the texts that install-service writes, for the program where packages put it. One in
// /etc/systemd/system, of install-service or an operator, has precedence over them.
import { neededModules } from '../../../src/lib/host/modules.ts';
import { DEFAULT_PERSIST_DIR } from '../../../src/lib/host/paths.ts';
import { DAEMON_UNIT, daemonUnit, RESTORE_UNIT, restoreUnit } from '../../../src/lib/systemd/unit.ts';
import { BINARY_PATH } from '../image/config.ts';

const HEADER = `# Of the package bcs-apiserver-proxy. "systemctl edit" changes parts; "bcs-apiserver-proxy install-service" writes
# a unit to /etc/systemd/system, which is used in place of this one.`;

/** The virtual server is that of the persisted set; this is where kubeadm has kubelet's access to the API. */
const DAEMON_ARGS = ['--kubeconfig', '/etc/kubernetes/kubelet.conf'];

const COMMON = { binary: BINARY_PATH, persistDir: DEFAULT_PERSIST_DIR, header: HEADER };

/** Texts by name. */
export const PACKAGED_UNITS: Readonly<Record<string, string>> = {
  [RESTORE_UNIT]: restoreUnit({ ...COMMON, sysctl: true }),
  [DAEMON_UNIT]: daemonUnit({ ...COMMON, args: DAEMON_ARGS, modules: neededModules('sh') }),
};
