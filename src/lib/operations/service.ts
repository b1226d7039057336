// The services of a node: the restore at boot and the daemon, as units of systemd; the restore also as a block of
// /etc/rc.local where there is no systemd; the daemon also as a static pod. Stopping or removing one leaves the rules in
// the kernel as they are.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ProxyError } from '../errors.ts';
import { seesTheHost } from '../host/container.ts';
import { neededModules } from '../host/modules.ts';
import { DEFAULT_PERSIST_DIR, RC_LOCAL, STATIC_POD_FILE, UNIT_DIRECTORY } from '../host/paths.ts';
import { type RcLocal, withBlock, withoutBlock, withoutOriginal } from '../host/rc-local.ts';
import { quoteForShell } from '../host/shell.ts';
import { readFileIfThere, removeFile, requireWritable, writeFileAtomic } from '../store/atomic-file.ts';
import { installSteps, removalSteps, type UnitNow, type UnitStep } from '../systemd/steps.ts';
import { SYSTEMCTL_TIMEOUT_MS, systemctl, systemdRuns } from '../systemd/systemctl.ts';
import {
  DAEMON_UNIT,
  daemonUnit,
  RESTORE_UNIT,
  restoreCommand,
  restoreUnit,
  START_TIMEOUT_MS,
} from '../systemd/unit.ts';
import { showUnits } from '../systemd/units.ts';
import { type Action, perform } from './action.ts';
import { editRcLocal, type RcLocalEdit } from './rc-local-file.ts';
import { staticPodIsThere, staticPodRemoval } from './static-pod.ts';
import { changes, type Task } from './task.ts';

export interface Service {
  readonly title: string;
  readonly unit: string;
  readonly text: string;
  /** It is a process that stays. */
  readonly runsOn: boolean;
  readonly persistDir: string;
  /** What a host without systemd runs at boot; undefined = the service needs systemd. */
  readonly command: readonly string[] | undefined;
}

export const SERVICES = 'services';

export const UNITS = { restore: RESTORE_UNIT, daemon: DAEMON_UNIT } as const;

/** Each with the file that makes it one, in the order of their removal: what may be started again by another goes first. */
const FILES = {
  'static-pod': STATIC_POD_FILE,
  restore: pathOf(UNITS.restore),
  daemon: pathOf(UNITS.daemon),
} as const;
export type Role = keyof typeof FILES;
export const ALL_ROLES = Object.keys(FILES) as readonly Role[];

export interface RestoreServiceOptions {
  /** Absolute path, as serviceBinary() returns it. */
  readonly binary: string;
  readonly persistDir?: string;
  /** Whether it may set kernel parameters. */
  readonly sysctl?: boolean;
}

export function restoreService({
  binary,
  persistDir = DEFAULT_PERSIST_DIR,
  sysctl = true,
}: RestoreServiceOptions): Service {
  const options = { binary, persistDir, sysctl };
  return {
    title: 'boot service',
    unit: UNITS.restore,
    text: restoreUnit(options),
    runsOn: false,
    persistDir,
    command: restoreCommand(options),
  };
}

export interface DaemonServiceOptions {
  readonly binary: string;
  /** What follows the word `daemon`. */
  readonly args: readonly string[];
  /** As `args` have it, or the file that they name. */
  readonly persistDir: string;
  readonly scheduler: string;
}

export function daemonService({ binary, args, persistDir, scheduler }: DaemonServiceOptions): Service {
  return {
    title: 'daemon service',
    unit: UNITS.daemon,
    text: daemonUnit({ binary, args, persistDir, modules: neededModules(scheduler) }),
    runsOn: true,
    persistDir,
    command: undefined,
  };
}

/** Throws what installing would fail with, as far as that can be known beforehand. */
export function checkInstall(service: Service): void {
  if (!systemdRuns()) {
    blockEdit(service)?.check();
    return;
  }
  if (readFileIfThere(pathOf(service.unit)) !== service.text) requireWritable(pathOf(service.unit));
  editRcLocal(superseded)?.check();
}

/** Throws what removing would fail with, as far as that can be known beforehand. */
export function checkRemoval(roles: readonly Role[]): void {
  for (const path of roles.map(role => FILES[role])) if (existsSync(path)) requireWritable(path);
  if (roles.includes('restore')) editRcLocal(withoutBlock)?.check();
}

/** What to say of a daemon that is there as well: one sentence, if any. */
export function besides(role: 'daemon' | 'static-pod'): string[] {
  const other = role === 'daemon' ? 'static-pod' : 'daemon';
  const isThere = other === 'daemon' ? existsSync(FILES.daemon) : staticPodIsThere();
  if (!isThere) return [];
  return [
    `${FILES[other]} is there as well, and only one daemon at a time keeps a virtual server: remove it with bcs-apiserver-proxy install-service --uninstall --role ${other}`,
  ];
}

export interface InstallOptions {
  readonly dryRun: boolean;
  /** Also now, and not only at the next boot. */
  readonly start: boolean;
}

export function installTask(service: Service, { dryRun, start }: InstallOptions): Task {
  return {
    title: service.title,
    async run() {
      const actions = systemdRuns()
        ? [...(await unitInstallation(service, start)), ...actionsOf(editRcLocal(superseded))]
        : actionsOf(blockEdit(service));
      return changes(await perform(actions, dryRun), service.runsOn ? besides('daemon') : []);
    },
  };
}

export function removalTask(roles: readonly Role[], dryRun: boolean): Task {
  return {
    title: SERVICES,
    async run() {
      const units = systemdRuns() ? roles.flatMap(role => (role === 'static-pod' ? [] : [UNITS[role]])) : [];
      const actions = [
        ...(roles.includes('static-pod') ? staticPodRemoval() : []),
        ...(await Promise.all(units.map(unitRemoval))).flat(),
        ...(roles.includes('restore') ? actionsOf(editRcLocal(withoutBlock)) : []),
      ];
      return changes(await perform(actions, dryRun));
    },
  };
}

async function unitInstallation(service: Service, start: boolean): Promise<Action[]> {
  const { unit, text, runsOn, persistDir } = service;
  const steps = installSteps(await unitNow(unit), { text, start, runsOn });
  // systemd does not let the daemon make it.
  const directory: Action = {
    line: `make directory ${persistDir}`,
    run: () => mkdirSync(persistDir, { recursive: true }),
  };
  return [
    ...(runsOn && !existsSync(persistDir) ? [directory] : []),
    ...steps.map(step => actionOf(step, unit, text)),
  ];
}

async function unitRemoval(unit: string): Promise<Action[]> {
  return removalSteps(await unitNow(unit)).map(step => actionOf(step, unit));
}

async function unitNow(name: string): Promise<UnitNow> {
  const unit = (await showUnits([name], SYSTEMCTL_TIMEOUT_MS)).get(name);
  return {
    text: readFileIfThere(pathOf(name)),
    active: unit?.get('ActiveState') ?? 'inactive',
    enabled: unit?.get('UnitFileState') === 'enabled',
  };
}

function actionOf(step: UnitStep, unit: string, text = ''): Action {
  const path = pathOf(unit);
  switch (step) {
    case 'write':
      return { line: `write ${path}`, run: () => writeFileAtomic(path, text) };
    case 'remove':
      return { line: `remove ${path}`, run: () => removeFile(path) };
    case 'reload':
      return { run: () => systemctl(['daemon-reload']) };
    case 'forget-failure':
      return { run: () => systemctl(['reset-failed', unit]) };
    case 'start':
    case 'restart':
      return { line: `${step} ${unit}`, run: () => systemctl([step, unit], START_TIMEOUT_MS) };
    case 'enable':
    case 'disable':
    case 'stop':
      return { line: `${step} ${unit}`, run: () => systemctl([step, unit]) };
  }
}

/** Where systemd does the work: the block of a time without it, and the original program's lines. */
function superseded(file: RcLocal | undefined): RcLocal | undefined {
  const rest = withoutBlock(file);
  return rest && withoutOriginal(rest);
}

function blockEdit({ command }: Service): RcLocalEdit | undefined {
  if (command === undefined) {
    throw new ProxyError(
      'no-systemd',
      'the role daemon needs systemd, which does not run on this host (there is no /run/systemd/system)',
      {
        suggestions: [
          'run bcs-apiserver-proxy daemon under the supervisor of this host, or run it as a DaemonSet',
        ],
      },
    );
  }
  if (!seesTheHost()) {
    throw new ProxyError(
      'in-container',
      'a service of the host cannot be installed from inside a container',
      {
        suggestions: ['run it on the host'],
      },
    );
  }
  const line = command.map(quoteForShell).join(' ');
  return editRcLocal(file => withBlock(file, Buffer.from(line).toString('latin1')));
}

function actionsOf(edit: RcLocalEdit | undefined): Action[] {
  return edit === undefined ? [] : [{ line: describeEdit(edit), run: () => edit.apply() }];
}

function describeEdit({ addsBlock, replacesOriginal, removesFile }: RcLocalEdit): string {
  if (removesFile) return `remove ${RC_LOCAL}`;
  const original = 'the line of the original program';
  if (addsBlock) return `write our block to ${RC_LOCAL}${replacesOriginal ? ` in place of ${original}` : ''}`;
  return `take ${replacesOriginal ? original : 'our block'} out of ${RC_LOCAL}`;
}

function pathOf(unit: string): string {
  return join(UNIT_DIRECTORY, unit);
}
