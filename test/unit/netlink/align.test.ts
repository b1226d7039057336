import fc from 'fast-check';
import { expect, test } from 'vitest';
import { align, GENL_HDRLEN, NLA_HDRLEN, NLMSG_HDRLEN } from '../../../src/lib/netlink/align.ts';

test.each([
  [0, 0],
  [1, 4],
  [3, 4],
  [4, 4],
  [5, 8],
  [17, 20],
])('%i bytes take %i', (length, aligned) => {
  expect(align(length)).toBe(aligned);
});

test('an aligned length is a multiple of four, and less than four bytes more', () => {
  fc.assert(
    fc.property(fc.nat({ max: 0x7ffffff0 }), length => {
      const aligned = align(length);
      expect(aligned % 4).toBe(0);
      expect(aligned - length).toBeGreaterThanOrEqual(0);
      expect(aligned - length).toBeLessThan(4);
    }),
  );
});

test('the headers are aligned themselves', () => {
  expect([NLMSG_HDRLEN, NLA_HDRLEN, GENL_HDRLEN].map(align)).toEqual([16, 4, 4]);
});
