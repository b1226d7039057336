// `install-service`: have the node restore its virtual server at boot, or run the daemon as a service of the host.
import { Flags } from '@oclif/core';
import { BaseCommand, dryRunFlag, environmentName } from '../base-command.ts';
import { daemonArguments, requireAbsolute, requireOneLine } from '../cli/daemon-arguments.ts';
import { daemonFlags } from '../cli/daemon-flags.ts';
import { daemonSetManifests } from '../cli/daemonset.ts';
import { DEFAULT_IMAGE, DEFAULT_NAMESPACE, type PodFlags } from '../cli/pod-flags.ts';
import { showOperation } from '../cli/show-operation.ts';
import { staticPodManifest } from '../cli/static-pod.ts';
import { ProxyError, UsageError } from '../lib/errors.ts';
import { requireRoot } from '../lib/host/privileges.ts';
import { formatManifests } from '../lib/manifests/manifests.ts';
import {
  ALL_ROLES,
  besides,
  checkInstall,
  checkRemoval,
  daemonService,
  installTask,
  type Role,
  removalTask,
  restoreService,
  type Service,
  UNITS,
} from '../lib/operations/service.ts';
import { binaryToPrint, serviceBinary } from '../lib/operations/service-binary.ts';
import { checkStaticPod, staticPodTask } from '../lib/operations/static-pod.ts';
import { loadPersisted, persistedPath } from '../lib/store/persisted-set.ts';

export default class InstallService extends BaseCommand {
  static override summary =
    'install the boot restore or the daemon as a service or a static pod, or print the DaemonSet';
  static override description =
    'The role restore puts the persisted set back at boot, before kubelet starts; init installs it, too. The role daemon runs the daemon with the flags given here. With systemd each is a unit; without it restore is a block in /etc/rc.local. The role static-pod has the kubelet of a kubeadm node run the daemon, before any API answers. Removing a service leaves the kernel rules in place.';
  static override examples = [
    { description: 'restore at boot', command: '<%= config.bin %> install-service' },
    {
      description: 'the daemon as a service',
      command:
        '<%= config.bin %> install-service --role daemon --vs 10.99.0.1:6443 --kubeconfig /etc/kubernetes/kubelet.conf',
    },
    {
      description: 'the DaemonSet and its RBAC objects',
      command:
        '<%= config.bin %> install-service --role daemonset --print --vs 10.99.0.1:6443 | kubectl apply -f -',
    },
    {
      description: 'the daemon as a static pod of this node',
      command: '<%= config.bin %> install-service --role static-pod --vs 10.99.0.1:6443',
    },
    {
      description: 'print the unit and change nothing',
      command: '<%= config.bin %> install-service --print',
    },
    { description: 'remove all of them', command: '<%= config.bin %> install-service --uninstall' },
  ];
  static override flags = {
    role: Flags.option({
      summary:
        'which service: restore (default), daemon, static-pod, or daemonset (with --print); --uninstall removes the first three by default',
      options: ['restore', 'daemon', 'static-pod', 'daemonset'] as const,
      env: environmentName('role'),
    })(),
    print: Flags.boolean({
      summary: 'print the unit, or the Kubernetes manifests, and touch nothing',
      env: environmentName('print'),
      exclusive: ['uninstall'],
    }),
    uninstall: Flags.boolean({ summary: 'stop and remove the service', env: environmentName('uninstall') }),
    start: Flags.boolean({
      summary: 'start it now (--no-start: with the next boot)',
      allowNo: true,
      default: true,
      env: environmentName('start'),
    }),
    binary: Flags.string({
      summary: 'path of this program as the service runs it; default: its current path',
      helpValue: 'FILE',
      env: environmentName('binary'),
    }),
    image: Flags.string({
      summary: 'container image of the DaemonSet or the static pod',
      helpValue: 'NAME:TAG',
      default: DEFAULT_IMAGE,
      env: environmentName('image'),
    }),
    namespace: Flags.string({
      summary: 'namespace of the DaemonSet or the static pod',
      helpValue: 'NAME',
      default: DEFAULT_NAMESPACE,
      env: environmentName('namespace'),
    }),
    'dry-run': dryRunFlag,
    ...daemonFlags,
  };

  async run(): Promise<Record<string, unknown>> {
    const { flags, raw } = await this.parse(InstallService);
    const { role = 'restore', print, uninstall, start, 'dry-run': dryRun } = flags;
    const json = this.jsonEnabled();
    if (role === 'restore') refuseDaemonFlags(raw);
    if (role === 'daemonset') return this.#daemonSet(flags);
    if (role === 'static-pod')
      refuseTyped(raw, ['binary', 'start'], 'kubelet starts the program of the image; leave it out');
    else
      refuseTyped(raw, ['image', 'namespace'], 'a flag of the roles daemonset and static-pod; leave it out');
    if (uninstall) {
      const roles = flags.role === undefined ? ALL_ROLES : [role];
      requireRoot();
      checkRemoval(roles);
      const subject = roles.map(subjectOf).join(', ');
      return showOperation([removalTask(roles, dryRun)], { json, subject, dryRun });
    }
    if (role === 'static-pod') return this.#staticPod(flags);
    requireOneLine('binary', flags.binary);
    if (print) {
      const { unit, text } = this.#service(role, flags, binaryToPrint(flags.binary));
      if (!json) process.stdout.write(text);
      return { unit, text };
    }
    requireRoot();
    const service = this.#service(role, flags, serviceBinary(flags.binary));
    if (role === 'restore' && start) requirePersisted(service.persistDir);
    checkInstall(service);
    return showOperation([installTask(service, { dryRun, start })], { json, subject: service.unit, dryRun });
  }

  /** As JSON a List, which kubectl takes as well. */
  #daemonSet(flags: Flagged & PodFlags): Record<string, unknown> {
    if (!flags.print)
      throw new UsageError(
        '--role daemonset: kubectl installs it; give --print as well, and | kubectl apply -f -',
      );
    const { objects, notes } = daemonSetManifests(flags, flags);
    for (const note of notes) this.warn(note);
    if (!this.jsonEnabled()) process.stdout.write(formatManifests(objects));
    return { apiVersion: 'v1', kind: 'List', items: objects };
  }

  async #staticPod(flags: Flagged & PodFlags): Promise<Record<string, unknown>> {
    const { pod, notes, ...manifest } = staticPodManifest(flags, flags);
    for (const note of notes) this.warn(note);
    const json = this.jsonEnabled();
    if (flags.print) {
      if (!json) process.stdout.write(manifest.text);
      return { ...pod };
    }
    requireRoot();
    checkStaticPod(manifest);
    const dryRun = flags['dry-run'] === true;
    const task = staticPodTask(manifest, { dryRun, warnings: besides('static-pod') });
    return showOperation([task], { json, subject: subjectOf('static-pod'), dryRun });
  }

  #service(role: 'restore' | 'daemon', flags: Flagged, binary: string): Service {
    if (role === 'restore') {
      const persistDir = flags['persist-dir'];
      return restoreService({
        binary,
        ...(typeof persistDir === 'string' && { persistDir: requireAbsolute('persist-dir', persistDir) }),
      });
    }
    const { args, config, notes } = daemonArguments(flags);
    for (const note of notes) this.warn(note);
    return daemonService({ binary, args, persistDir: config.persistDir, scheduler: config.spec.scheduler });
  }
}

/** Values as oclif hands them over. */
type Flagged = Readonly<Record<string, unknown>>;

/** What the last line calls it. */
function subjectOf(role: Role): string {
  return role === 'static-pod' ? 'static pod bcs-apiserver-proxy' : UNITS[role];
}

/** The boot restore applies what is persisted. */
function refuseDaemonFlags(raw: Raw): void {
  const names = Object.keys(daemonFlags).filter(name => name !== 'persist-dir');
  const why =
    'a flag of the daemon, and the boot restore applies what is persisted; leave it out, or give --role daemon';
  refuseTyped(raw, names, why);
}

type Raw = readonly { type: string; flag?: string }[];

/** What was typed, not what the environment says for all commands. */
function refuseTyped(raw: Raw, names: readonly string[], why: string): void {
  const typed = raw.flatMap(({ type, flag }) => (type === 'flag' && flag !== undefined ? [flag] : []));
  const wrong = typed.find(flag => names.includes(flag));
  if (wrong !== undefined) throw new UsageError(`--${wrong}: ${why}`);
}

/** A service that starts now and restores nothing would only fail. */
function requirePersisted(persistDir: string): void {
  if (loadPersisted(persistDir) !== undefined) return;
  throw new ProxyError(
    'persisted-missing',
    `${persistedPath(persistDir)} does not exist, so there is nothing to restore`,
    {
      suggestions: [
        'bcs-apiserver-proxy init --vs VIP:PORT --rs HOST:PORT, which installs the service, too',
        'or install it for a set that comes later: --no-start',
      ],
    },
  );
}
