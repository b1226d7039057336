// What systemd says of several units: one question for all of them.
import { systemctl } from './systemctl.ts';

/** Properties as `systemctl show` prints them; those of a unit that does not exist have LoadState=not-found. */
export type UnitProperties = ReadonlyMap<string, string>;

/** By name. */
export type Units = ReadonlyMap<string, UnitProperties>;

const PROPERTIES = ['Id', 'LoadState', 'ActiveState', 'UnitFileState', 'Before'];

/** Throws ProxyError "systemctl-failed", also when systemd does not answer in time. */
export async function showUnits(names: readonly string[], timeoutMs: number): Promise<Units> {
  return parseUnits(await systemctl(['show', `--property=${PROPERTIES}`, '--', ...names], timeoutMs));
}

/** Blocks of NAME=VALUE lines with an empty line between them, one for each unit. */
export function parseUnits(text: string): Units {
  const units = text.trim().split('\n\n').map(parseProperties);
  return new Map(units.map(unit => [unit.get('Id') ?? '', unit]));
}

function parseProperties(block: string): UnitProperties {
  const pairs = block.split('\n').map(line => /^([^=]*)=(.*)$/.exec(line));
  return new Map(pairs.map(match => [match?.[1] ?? '', match?.[2] ?? '']));
}

/** It exists and could be read. */
export function isLoaded(unit: UnitProperties | undefined): unit is UnitProperties {
  return unit?.get('LoadState') === 'loaded';
}
