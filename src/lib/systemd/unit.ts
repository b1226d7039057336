// The texts of our two units, and the quoting that systemd.unit(5) wants. Pure.

/** Both roles may be installed on one node. */
export const RESTORE_UNIT = 'bcs-apiserver-proxy.service';
export const DAEMON_UNIT = 'bcs-apiserver-proxy-daemon.service';

/** How long the restore waits at boot until the node has an address: switches may boot slower than servers. */
export const ADDRESS_TIMEOUT = '10m';
/** How long it is looked after what was restored, unless a daemon takes over. */
export const LOOK_ON = '10m';
/** Above the first, and above what loading three modules may take. */
const RESTORE_TIMEOUT = '11min';
/** From the start to the first pass that succeeded; it waits for nobody but modprobe. */
const DAEMON_START_TIMEOUT = '60s';

/** The longest that `systemctl start` may take for either, in ms. */
export const START_TIMEOUT_MS = 12 * 60_000;

/** What reaches the API through the VIP, by the names that distributions of Kubernetes give it. */
export const KUBELETS = [
  'kubelet.service',
  'k3s.service',
  'k3s-agent.service',
  'rke2-server.service',
  'rke2-agent.service',
  'k0scontroller.service',
  'k0sworker.service',
];

const HEADER = `# Written by bcs-apiserver-proxy; "bcs-apiserver-proxy install-service --uninstall" removes it.`;
const MODULES_AND_PARAMETERS = 'systemd-modules-load.service systemd-sysctl.service';

export interface RestoreOptions {
  /** Absolute path of the packed binary. */
  readonly binary: string;
  readonly persistDir: string;
  /** Whether it may set kernel parameters. */
  readonly sysctl: boolean;
  /** The first line, a comment; default: that install-service wrote it. */
  readonly header?: string;
}

/** What runs at boot, as an argument list. */
export function restoreCommand({ binary, persistDir, sysctl }: RestoreOptions): string[] {
  const sync = [binary, 'sync', '--from', 'persisted', '--persist-dir', persistDir];
  return [
    ...sync,
    '--address-timeout',
    ADDRESS_TIMEOUT,
    '--look-on',
    LOOK_ON,
    ...(sysctl ? [] : ['--no-sysctl']),
  ];
}

export function restoreUnit(options: RestoreOptions): string {
  return `${options.header ?? HEADER}
[Unit]
Description=Restore the virtual server of the kube-apiservers
After=${MODULES_AND_PARAMETERS}
Before=${KUBELETS.join(' ')}
RequiresMountsFor=${quotePath(options.binary)} ${quotePath(options.persistDir)}

[Service]
Type=notify
RemainAfterExit=yes
ExecStart=${quoteCommand(restoreCommand(options))}
TimeoutStartSec=${RESTORE_TIMEOUT}
TimeoutStopSec=10s

[Install]
WantedBy=multi-user.target
`;
}

export interface DaemonOptions {
  readonly binary: string;
  /** What follows the word `daemon`. */
  readonly args: readonly string[];
  readonly persistDir: string;
  /** Loaded before the daemon starts, which is not allowed to. */
  readonly modules: readonly string[];
  /** As of the restore. */
  readonly header?: string;
}

/**
 * Hardened as far as the work allows (docs/service.md): V8 writes code at run time, the native addon needs a directory
 * in which it can be executed, and the kernel parameters of IPVS are repaired.
 */
export function daemonUnit({ binary, args, persistDir, modules, header = HEADER }: DaemonOptions): string {
  return `${header}
[Unit]
Description=Keep the virtual server of the kube-apiservers right
After=${MODULES_AND_PARAMETERS} ${RESTORE_UNIT}
Before=${KUBELETS.join(' ')}
RequiresMountsFor=${quotePath(binary)} ${quotePath(persistDir)}
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStartPre=-+/sbin/modprobe -a ${modules.join(' ')}
ExecStart=${quoteCommand([binary, 'daemon', ...args])}
ExecReload=/bin/kill -HUP $MAINPID
TimeoutStartSec=${DAEMON_START_TIMEOUT}
TimeoutStopSec=10s
WatchdogSec=15s
Restart=always
RestartSec=1s
LimitCORE=0
RuntimeDirectory=bcs-apiserver-proxy

CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=-${quotePath(persistDir)} -/proc/sys/net/ipv4/vs
ProtectHome=read-only
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
PrivateTmp=yes
PrivateDevices=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

function quoteCommand(argv: readonly string[]): string {
  return argv.map(word => quote(word.replaceAll('$', '$$$$'))).join(' ');
}

function quotePath(path: string): string {
  return quote(path);
}

/** One word of a unit file: % begins a specifier everywhere, $ a variable in commands only. */
function quote(word: string): string {
  const text = word.replaceAll('%', '%%');
  return /^[\w@%+=:,./$[\]-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
