// A kernel with ipv6.disable=1.
import { expect, test } from 'vitest';
import { logWhenFailed, useLab } from '../lab/lab.ts';

const lab = useLab({ parameters: 'ipv6.disable=1' });

test('IPv4 works as everywhere, and an IPv6 VIP is refused in one sentence', async ({ skip }) => {
  const { machine } = lab;
  skip(!machine.disposable, 'the kernel of a host is as it is');
  logWhenFailed(machine);
  const link = 'ip link add eth7 type dummy; ip addr add 10.77.0.10/24 dev eth7; ip link set eth7 up';
  await machine.must(['bash', '-ec', link]);
  const proxy = (...args: string[]) => machine.run([machine.binary, ...args]);
  const init = await proxy('init', '--vs', '10.99.0.1:6443', '--rs', '10.77.0.11:6443', '--no-service');
  expect(init).toMatchObject({ code: 0, stderr: '' });
  expect(await machine.must(['ipvsadm', '-Sn'])).toContain('-a -t 10.99.0.1:6443 -r 10.77.0.11:6443 -m -w 1');
  const refused = await proxy('init', '--vs', '[fd99::1]:6443', '--rs', '[fd77::11]:6443', '--no-service');
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/^Error: .*IPv6/m);
  expect(refused.stderr).not.toContain('    at ');
  expect((await proxy('status', '--no-probe', '--vs', '[fd99::1]:6443')).stderr).toBe('');
});
