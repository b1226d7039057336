// What starts at boot on this host: our units and kubelet's, or what stands in their place without systemd.
import { accessSync, constants, readFileSync } from 'node:fs';
import { isENOENT, messageOf } from '../../errors.ts';
import { seesTheHost } from '../../host/container.ts';
import { withoutBlock } from '../../host/rc-local.ts';
import { systemdRuns } from '../../systemd/systemctl.ts';
import { DAEMON_UNIT, KUBELETS, RESTORE_UNIT } from '../../systemd/unit.ts';
import { isLoaded, showUnits, type Units } from '../../systemd/units.ts';
import type { BootServiceFacts, Facts, UnitFacts } from '../report.ts';

export interface BootFacts {
  readonly bootService: Facts['bootService'];
  readonly daemonUnit: UnitFacts | undefined;
}

const RC_LOCAL = '/etc/rc.local';

export async function collectBoot(timeoutMs: number): Promise<BootFacts> {
  if (!systemdRuns()) {
    const bootService: Facts['bootService'] = seesTheHost()
      ? rcLocalService(RC_LOCAL)
      : { seen: false, why: 'a container does not show what the host starts' };
    return { bootService, daemonUnit: undefined };
  }
  try {
    const units = await showUnits([RESTORE_UNIT, DAEMON_UNIT, ...KUBELETS], timeoutMs);
    return { bootService: { seen: true, value: unitService(units) }, daemonUnit: daemonUnit(units) };
  } catch {
    return { bootService: { seen: false, why: 'systemctl does not answer' }, daemonUnit: undefined };
  }
}

export function daemonUnit(units: Units): UnitFacts | undefined {
  const unit = units.get(DAEMON_UNIT);
  if (!isLoaded(unit)) return undefined;
  const [active = '', enabled = ''] = ['ActiveState', 'UnitFileState'].map(name => unit.get(name));
  return { name: DAEMON_UNIT, active, enabled };
}

const NO_SERVICE: BootServiceFacts = {
  kind: 'none',
  enabled: false,
  beforeKubelet: undefined,
  failed: false,
};

export function unitService(units: Units): BootServiceFacts {
  const unit = units.get(RESTORE_UNIT);
  if (!isLoaded(unit)) return NO_SERVICE;
  const before = unit.get('Before')?.split(' ') ?? [];
  const kubelets = KUBELETS.filter(name => isLoaded(units.get(name)));
  return {
    kind: 'systemd',
    enabled: unit.get('UnitFileState') === 'enabled',
    beforeKubelet: kubelets.length === 0 ? undefined : kubelets.every(name => before.includes(name)),
    failed: unit.get('ActiveState') === 'failed',
  };
}

export function rcLocalService(path: string): Facts['bootService'] {
  try {
    const file = { text: readFileSync(path, 'latin1'), executable: isExecutable(path) };
    if (withoutBlock(file) === file) return { seen: true, value: NO_SERVICE };
    return { seen: true, value: { ...NO_SERVICE, kind: 'rc-local', enabled: file.executable } };
  } catch (error) {
    if (isENOENT(error)) return { seen: true, value: NO_SERVICE };
    return { seen: false, why: messageOf(error) };
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
