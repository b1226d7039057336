// systemctl(1): how a unit is, and telling it what to do. Every call has a time limit.
import { existsSync } from 'node:fs';
import { ProxyError } from '../errors.ts';
import { exec } from '../host/exec.ts';

/** systemd answers in milliseconds; stopping may wait for TimeoutStopSec of a unit. */
const TIMEOUT_MS = 30_000;

/** sd_booted(3): whether systemd is process 1 here. */
export function systemdRuns(): boolean {
  return existsSync('/run/systemd/system');
}

export interface UnitState {
  /** active, inactive, failed, activating, ...; "inactive" for one that does not exist. */
  readonly active: string;
  readonly enabled: boolean;
}

export async function unitState(unit: string): Promise<UnitState> {
  const stdout = await systemctl(['show', '--property=ActiveState,UnitFileState', '--', unit]);
  const property = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)?.[1] ?? '';
  return { active: property('ActiveState'), enabled: property('UnitFileState') === 'enabled' };
}

/** Resolves to what it printed. Throws ProxyError "systemctl-failed". */
export async function systemctl(args: readonly string[], timeoutMs = TIMEOUT_MS): Promise<string> {
  const { ok, problem, stdout } = await exec('systemctl', ['--no-ask-password', ...args], timeoutMs);
  if (ok) return stdout;
  const unit = args.at(-1);
  throw new ProxyError('systemctl-failed', `systemctl ${args.join(' ')} failed: ${problem}`, {
    suggestions: unit?.endsWith('.service') ? [`journalctl -u ${unit}`] : [],
  });
}
