// From any state of a unit to what is wanted: the steps, and that there are none once they were taken.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { installSteps, removalSteps, type UnitNow, type UnitStep } from '../../../src/lib/systemd/steps.ts';

const ABSENT: UnitNow = { text: undefined, active: 'inactive', enabled: false };
const RUNNING: UnitNow = { text: 'new', active: 'active', enabled: true };
const WANTED = { text: 'new', start: true, runsOn: true };

describe('installing', () => {
  test.each<[string, UnitNow, Partial<typeof WANTED>, UnitStep[]]>([
    ['from nothing', ABSENT, {}, ['write', 'reload', 'enable', 'start']],
    ['from nothing, not now', ABSENT, { start: false }, ['write', 'reload', 'enable']],
    ['a second time', RUNNING, {}, []],
    ['another text of a daemon', { ...RUNNING, text: 'old' }, {}, ['write', 'reload', 'restart']],
    ['another text of a daemon, not now', { ...RUNNING, text: 'old' }, { start: false }, ['write', 'reload']],
    [
      'another text of what has run already',
      { ...RUNNING, text: 'old' },
      { runsOn: false },
      ['write', 'reload'],
    ],
    ['one that failed', { ...RUNNING, active: 'failed' }, {}, ['start']],
    ['one that somebody disabled', { ...RUNNING, enabled: false }, {}, ['enable']],
  ])('%s', (_, now, wanted, steps) => {
    expect(installSteps(now, { ...WANTED, ...wanted })).toEqual(steps);
  });
});

describe('removing', () => {
  test.each<[string, UnitNow, UnitStep[]]>([
    ['what is not there', ABSENT, []],
    ['what runs', RUNNING, ['stop', 'disable', 'remove', 'reload']],
    [
      'what waits to be started again',
      { ...RUNNING, active: 'activating' },
      ['stop', 'disable', 'remove', 'reload'],
    ],
    ['what failed', { ...RUNNING, active: 'failed' }, ['disable', 'remove', 'reload', 'forget-failure']],
    ['a file that was never enabled', { ...ABSENT, text: 'x' }, ['remove', 'reload']],
    ['a process whose file somebody removed', { ...ABSENT, active: 'active' }, ['stop']],
  ])('%s', (_, now, steps) => {
    expect(removalSteps(now)).toEqual(steps);
  });
});

test('once they were taken there is nothing to do, from every state', () => {
  const now = fc.record({
    text: fc.constantFrom(undefined, 'old', 'new'),
    active: fc.constantFrom('active', 'inactive', 'failed', 'activating', 'deactivating'),
    enabled: fc.boolean(),
  });
  const wanted = fc.record({ text: fc.constant('new'), start: fc.boolean(), runsOn: fc.boolean() });
  fc.assert(
    fc.property(now, wanted, (before, wish) => {
      expect(installSteps(taken(before, installSteps(before, wish), wish.text), wish)).toEqual([]);
      expect(removalSteps(taken(before, removalSteps(before), undefined))).toEqual([]);
    }),
  );
});

/** systemd and the disk, as far as steps change them. */
function taken(now: UnitNow, steps: readonly UnitStep[], text: string | undefined): UnitNow {
  const effects: Record<UnitStep, Partial<UnitNow>> = {
    write: { text },
    remove: { text: undefined },
    reload: {},
    enable: { enabled: true },
    disable: { enabled: false },
    start: { active: 'active' },
    restart: { active: 'active' },
    stop: { active: 'inactive' },
    'forget-failure': { active: 'inactive' },
  };
  return Object.assign({}, now, ...steps.map(step => effects[step]));
}
