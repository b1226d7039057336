// What a mistyped name was probably meant for, and when it is better to propose nothing.
import { describe, expect, test } from 'vitest';
import { didYouMean, expectOneOf, nearest, nearestFlag } from '../../../src/lib/model/nearest.ts';
import { SCHEDULERS } from '../../../src/lib/model/scheduler.ts';

const COMMANDS = ['clean', 'daemon', 'init', 'install-service', 'status', 'sync'];

describe('nearest', () => {
  test.each([
    ['two letters swapped', 'statsu', 'status'],
    ['two letters swapped in a short name', 'snyc', 'sync'],
    ['a letter too few', 'stats', 'status'],
    ['a letter too much', 'cleann', 'clean'],
    ['a wrong letter', 'demon', 'daemon'],
    ['without the dash', 'installservice', 'install-service'],
    ['another case', 'STATUS', 'status'],
    ['only its beginning', 'inst', 'install-service'],
    ['something else', 'restart', undefined],
    ['a beginning that several have', 's', undefined],
    ['two letters of it', 'cl', undefined],
    ['nothing', '', undefined],
  ])('%s: %s', (_, typed, meant) => {
    expect(nearest(typed, COMMANDS)).toBe(meant);
  });

  test('of two that are as near, the one with the same first letter', () => {
    expect(nearest('wr', SCHEDULERS)).toBe('wrr');
    expect(nearest('wr', [...SCHEDULERS].reverse())).toBe('wrr');
  });

  test('each name is nearest to itself', () => {
    for (const name of [...COMMANDS, ...SCHEDULERS]) {
      expect(nearest(name, [...COMMANDS, ...SCHEDULERS])).toBe(name);
    }
  });
});

describe('nearestFlag', () => {
  const flags = ['vs', 'rs', 'route', 'no-route', 'dry-run'];

  test.each([
    ['--real-sever', 'rs'],
    ['--realservers', 'rs'],
    ['--virtual-server=10.99.0.1:6443', 'vs'],
    ['-vs', 'vs'],
    ['--dryrun', 'dry-run'],
    ['--no-rout', 'no-route'],
    ['--wide', undefined],
    ['--constructor', undefined],
    ['--', undefined],
  ])('%s', (typed, meant) => {
    expect(nearestFlag(typed, flags)).toBe(meant);
  });

  test('proposes no flag that the command does not have', () => {
    expect(nearestFlag('--real-server', ['vs', 'dry-run'])).toBeUndefined();
  });
});

test('a sentence names what was meant, or says what else to do', () => {
  expect(didYouMean('clena', COMMANDS, 'see --help')).toBe('did you mean clean?');
  expect(didYouMean('restart', COMMANDS, 'see --help')).toBe('see --help');
  expect(expectOneOf('jsno', ['auto', 'json'])).toBe('one of auto json is expected; did you mean json?');
  expect(expectOneOf(true, ['auto', 'true'])).toBe('one of auto true is expected');
});
