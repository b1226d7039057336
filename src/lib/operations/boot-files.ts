// The files under /etc that have modules loaded and kernel parameters set at boot.
import { formatModulesFile, neededModules } from '../host/modules.ts';
import { MODULES_LOAD_FILE, SYSCTL_FILE } from '../host/paths.ts';
import { formatSysctlFile, WANTED_SYSCTLS } from '../host/sysctl.ts';
import type { ProxySpec } from '../model/spec.ts';

export interface BootFile {
  readonly path: string;
  readonly contents: string;
}

export function modulesFile({ scheduler }: ProxySpec): BootFile {
  return { path: MODULES_LOAD_FILE, contents: formatModulesFile(neededModules(scheduler)) };
}

export function sysctlFile(): BootFile {
  return { path: SYSCTL_FILE, contents: formatSysctlFile(WANTED_SYSCTLS) };
}
