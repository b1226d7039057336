// The flags that describe a virtual server. lib/config reads and checks their values.
import { Flags } from '@oclif/core';
import { environmentName } from '../base-command.ts';
import { DEFAULT_SCHEDULER, SCHEDULER_FLAGS, SCHEDULERS } from '../lib/model/scheduler.ts';

export const virtualServerFlag = Flags.string({
  summary: 'virtual server: VIP:PORT or [IPv6]:PORT',
  helpValue: 'VIP:PORT',
  env: environmentName('vs'),
});

export const realServersFlag = Flags.string({
  summary: 'real server (a master): HOST:PORT or [IPv6]:PORT; repeat the flag, or separate with commas',
  helpValue: 'HOST:PORT',
  multiple: true,
  multipleNonGreedy: true,
  delimiter: ',',
  env: environmentName('rs'),
});

export const specFlags = {
  vs: virtualServerFlag,
  rs: realServersFlag,
  scheduler: Flags.string({
    summary: `IPVS scheduler: ${SCHEDULERS.join(' ')}`,
    helpValue: 'NAME',
    default: DEFAULT_SCHEDULER,
    env: environmentName('scheduler'),
  }),
  'scheduler-flags': Flags.string({
    summary: `scheduler flags: ${SCHEDULER_FLAGS.join(' ')} (the fallback of sh and mh is always set)`,
    helpValue: 'FLAG',
    multiple: true,
    multipleNonGreedy: true,
    delimiter: ',',
    env: environmentName('scheduler-flags'),
  }),
  'source-ip': Flags.string({
    summary:
      'source address of connections to the VIP; default: the one that the kernel uses towards the masters',
    helpValue: 'IP',
    env: environmentName('source-ip'),
  }),
  mtu: Flags.string({
    summary:
      'largest packet on the path to the masters, if this host cannot know it; default: from its routes',
    helpValue: 'BYTES',
    env: environmentName('mtu'),
  }),
  route: Flags.boolean({
    summary: 'manage the local route of the VIP (--no-route: something else already makes the VIP local)',
    allowNo: true,
    default: true,
    env: environmentName('route'),
  }),
};
