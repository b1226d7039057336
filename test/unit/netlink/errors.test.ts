import { describe, expect, test } from 'vitest';
import {
  isNetlinkError,
  MalformedMessageError,
  NetlinkError,
  NetlinkTimeoutError,
} from '../../../src/lib/netlink/errors.ts';

describe('the text says what was asked, the errno by name, and why', () => {
  test.each([
    [new NetlinkError('add destination', 17), 'add destination: EEXIST'],
    [new NetlinkError('add destination', 1, {}), 'add destination: EPERM'],
    [
      new NetlinkError('set local route', 22, { kernelMessage: 'Invalid prefsrc address' }),
      'set local route: EINVAL: Invalid prefsrc address',
    ],
    // ENOTSUPP is the kernel's own, and no C library or libuv has a name for it.
    [new NetlinkError('list addresses', 524), 'list addresses: errno 524'],
    [new NetlinkError('list addresses', 2147483648), 'list addresses: errno 2147483648'],
  ])('%s', (error, text) => {
    expect(error.message).toBe(text);
  });

  test('the parts are fields', () => {
    const error = new NetlinkError('delete local route', 3, { kernelMessage: 'no', offset: 28 });
    expect({ ...error, stack: undefined }).toEqual({
      name: 'NetlinkError',
      operation: 'delete local route',
      errno: 3,
      code: 'ESRCH',
      kernelMessage: 'no',
      offset: 28,
      stack: undefined,
    });
  });

  test('an errno without a name has a code all the same', () => {
    expect(new NetlinkError('x', 524).code).toBe('errno 524');
  });
});

describe('an error is recognised by its code', () => {
  const error = new NetlinkError('x', 2);

  test.each<[string, unknown, string[], boolean]>([
    ['any code', error, [], true],
    ['this code', error, ['ENOENT'], true],
    ['one of these codes', error, ['ESRCH', 'ENOENT'], true],
    ['another code', error, ['ESRCH'], false],
    [
      'an error of the file system with the same code',
      Object.assign(new Error('x'), { code: 'ENOENT' }),
      ['ENOENT'],
      false,
    ],
    ["an error that is not the kernel's", new MalformedMessageError('x'), [], false],
    ['a silence', new NetlinkTimeoutError('x'), [], false],
    ['nothing', undefined, [], false],
  ])('%s', (_, value, codes, expected) => {
    expect(isNetlinkError(value, ...codes)).toBe(expected);
  });

  test('a silence has the code of a timeout', () => {
    expect(new NetlinkTimeoutError('x').code).toBe('ETIMEDOUT');
  });
});
