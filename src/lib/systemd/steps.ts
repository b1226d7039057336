// What it takes to bring a unit to what is wanted, from how it is now. Pure; a second run finds nothing to do.

export interface UnitNow {
  /** Of our file; undefined = it is not there. */
  readonly text: string | undefined;
  /** ActiveState of `systemctl show`: active, inactive, failed, activating, ... */
  readonly active: string;
  readonly enabled: boolean;
}

export interface UnitWanted {
  readonly text: string;
  /** Also now, and not only from the next boot on. */
  readonly start: boolean;
  /** It runs on after its start, so that a changed text means nothing to it before it is started anew. */
  readonly runsOn: boolean;
}

export type UnitStep =
  | 'write'
  | 'reload'
  | 'enable'
  | 'start'
  | 'restart'
  | 'stop'
  | 'disable'
  | 'remove'
  | 'forget-failure';

export function installSteps(now: UnitNow, { text, start, runsOn }: UnitWanted): UnitStep[] {
  const changed = now.text !== text;
  const running = now.active === 'active';
  return [
    ...when(changed, 'write', 'reload'),
    ...when(!now.enabled, 'enable'),
    ...when(start && !running, 'start'),
    ...when(start && running && changed && runsOn, 'restart'),
  ];
}

export function removalSteps(now: UnitNow): UnitStep[] {
  return [
    ...when(!['inactive', 'failed'].includes(now.active), 'stop'),
    ...when(now.enabled, 'disable'),
    ...when(now.text !== undefined, 'remove', 'reload'),
    ...when(now.active === 'failed', 'forget-failure'),
  ];
}

function when(condition: boolean, ...steps: UnitStep[]): UnitStep[] {
  return condition ? steps : [];
}
