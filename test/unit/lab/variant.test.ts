// Which guest the lab boots, and which of the images of before a new one replaces.
import { expect, test } from 'vitest';
import { chosenVariant, imageName, replacedImages } from '../../lab/variant.ts';

test('nothing chosen: bookworm on x64, with the bounds as they were measured', () => {
  expect(chosenVariant({})).toEqual({ kernel: 'bookworm', arch: 'x64', slowness: 1 });
  expect(chosenVariant({ LAB_KERNEL: '', LAB_ARCH: '', LAB_SLOWNESS: '' })).toEqual(chosenVariant({}));
});

test('kernel and architecture are chosen apart; arm64 is given more time, and any machine as much as is asked for', () => {
  expect(chosenVariant({ LAB_KERNEL: 'trixie-backports' })).toMatchObject({
    kernel: 'trixie-backports',
    arch: 'x64',
    slowness: 1,
  });
  expect(chosenVariant({ LAB_ARCH: 'arm64' })).toMatchObject({ kernel: 'bookworm', arch: 'arm64' });
  expect(chosenVariant({ LAB_ARCH: 'arm64' }).slowness).toBeGreaterThan(1);
  expect(chosenVariant({ LAB_ARCH: 'arm64', LAB_SLOWNESS: '1.5' }).slowness).toBe(1.5);
});

test.each([
  [
    { LAB_KERNEL: 'sarge' },
    'LAB_KERNEL=sarge: expected one of bullseye, bookworm, trixie, trixie-backports.',
  ],
  [{ LAB_ARCH: 'amd64' }, 'LAB_ARCH=amd64: expected one of x64, arm64.'],
  [{ LAB_SLOWNESS: 'very' }, 'LAB_SLOWNESS=very: expected a number from 1 to 10.'],
  [{ LAB_SLOWNESS: '0.5' }, 'LAB_SLOWNESS=0.5: expected a number from 1 to 10.'],
])('%o is refused', (env, message) => {
  expect(() => chosenVariant(env)).toThrow(message);
});

test('an image replaces earlier ones of the same guest, those of before guests had names, and half-built ones; no others', () => {
  const trixie = { kernel: 'trixie', arch: 'x64' } as const;
  const own = [
    imageName(trixie, '0123456789ab'),
    `${imageName(trixie, 'ba9876543210')}.Xy12Zw`,
    'image-680ff58e50a4',
  ];
  const others = [
    imageName({ kernel: 'trixie', arch: 'arm64' }, '0123456789ab'),
    imageName({ kernel: 'trixie-backports', arch: 'x64' }, '0123456789ab'),
    'guest-12-abcdef',
    'pki',
  ];
  expect(replacedImages([...own, ...others], trixie)).toEqual(own);
});

test("the disk of a cluster's worker and those of the lab do not replace each other", () => {
  const bookworm = { kernel: 'bookworm', arch: 'x64' } as const;
  const lab = imageName(bookworm, '0123456789ab');
  const worker = imageName(bookworm, '0123456789ab', 'worker');
  expect(replacedImages([lab, worker], bookworm)).toEqual([lab]);
  expect(replacedImages([lab, worker], bookworm, 'worker')).toEqual([worker]);
});
