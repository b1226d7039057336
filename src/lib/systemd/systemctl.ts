// systemctl(1), with a time limit for every call.
import { existsSync } from 'node:fs';
import { ProxyError } from '../errors.ts';
import { exec } from '../host/exec.ts';

/** systemd answers in milliseconds; stopping may wait for TimeoutStopSec of a unit. */
export const SYSTEMCTL_TIMEOUT_MS = 30_000;

/** sd_booted(3): whether systemd is process 1 here. */
export function systemdRuns(): boolean {
  return existsSync('/run/systemd/system');
}

/** Resolves to what it printed. Throws ProxyError "systemctl-failed". */
export async function systemctl(args: readonly string[], timeoutMs = SYSTEMCTL_TIMEOUT_MS): Promise<string> {
  const { ok, problem, stdout } = await exec('systemctl', ['--no-ask-password', ...args], timeoutMs);
  if (ok) return stdout;
  const unit = args.at(-1);
  throw new ProxyError('systemctl-failed', `systemctl ${args.join(' ')} failed: ${problem}`, {
    suggestions: unit?.endsWith('.service') ? [`journalctl -u ${unit}`] : [],
  });
}
