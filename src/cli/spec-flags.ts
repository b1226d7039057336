// The flags that describe a virtual server, and reading them into a specification with errors that name the flag.
import { Flags } from '@oclif/core';
import { environmentName } from '../base-command.ts';
import { messageOf, UsageError } from '../lib/errors.ts';
import { type HostPort, parseAddress, parseHostPort } from '../lib/model/address.ts';
import {
  DEFAULT_SCHEDULER,
  isScheduler,
  isSchedulerFlag,
  SCHEDULER_FLAGS,
  SCHEDULERS,
  type Scheduler,
  type SchedulerFlag,
} from '../lib/model/scheduler.ts';
import { type ProxySpec, validateSpec } from '../lib/model/spec.ts';

export const virtualServerFlag = Flags.string({
  summary: 'virtual server, VIP:PORT or [IPv6]:PORT',
  helpValue: 'VIP:PORT',
  env: environmentName('vs'),
});

export const realServersFlag = Flags.string({
  summary: 'real server (master), HOST:PORT or [IPv6]:PORT; once for each, or separated by commas',
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
    summary: 'source address of connections to the VIP; default: as the kernel chooses towards the masters',
    helpValue: 'IP',
    env: environmentName('source-ip'),
  }),
  route: Flags.boolean({
    summary: 'keep the local route of the VIP (--no-route: somebody else makes the VIP local)',
    allowNo: true,
    default: true,
    env: environmentName('route'),
  }),
};

export interface SpecFlagValues {
  readonly vs?: string | undefined;
  readonly rs?: string[] | undefined;
  readonly scheduler: string;
  readonly 'scheduler-flags'?: string[] | undefined;
  readonly 'source-ip'?: string | undefined;
  readonly route: boolean;
}

/** Throws a UsageError that names flag, value, rule and remedy. */
export function readSpec(flags: SpecFlagValues): ProxySpec {
  if (flags.vs === undefined) {
    throw new UsageError(
      '--vs: the virtual server is missing; give --vs VIP:PORT, for example 10.99.0.1:6443',
    );
  }
  const spec: ProxySpec = {
    virtualServer: readVirtualServer(flags.vs),
    realServers: readMasters('--rs', flags.rs ?? []),
    scheduler: readScheduler(flags.scheduler),
    schedulerFlags: readSchedulerFlags(flags['scheduler-flags'] ?? []),
    sourceIp: readSourceIp(flags['source-ip']),
    route: flags.route,
  };
  validateSpec(spec);
  return spec;
}

export function readVirtualServer(text: string): HostPort {
  return reading('--vs', text, 'write VIP:PORT, for example 10.99.0.1:6443', parseHostPort);
}

export function readMasters(flag: string, texts: readonly string[] | string): HostPort[] {
  return listOf(texts).map(text =>
    reading(flag, text, 'write HOST:PORT, for example 10.0.0.11:6443', parseHostPort),
  );
}

function readSourceIp(text: string | undefined): string | undefined {
  return text === undefined
    ? undefined
    : reading('--source-ip', text, 'give an address of this host', parseAddress);
}

export function readScheduler(name: string): Scheduler {
  if (isScheduler(name)) return name;
  throw new UsageError(`--scheduler ${name}: unknown scheduler; give one of ${SCHEDULERS.join(' ')}`);
}

function readSchedulerFlags(texts: readonly string[] | string): SchedulerFlag[] {
  const names = listOf(texts);
  const unknown = names.find(name => !isSchedulerFlag(name));
  if (unknown === undefined) return names.filter(isSchedulerFlag);
  throw new UsageError(
    `--scheduler-flags ${unknown}: unknown flag; give one of ${SCHEDULER_FLAGS.join(' ')}`,
  );
}

/** oclif splits at commas what stands on the command line, but not what comes from the environment: that is one text. */
function listOf(texts: readonly string[] | string): string[] {
  return [texts]
    .flat()
    .flatMap(text => text.split(','))
    .map(text => text.trim());
}

function reading<T>(flag: string, text: string, remedy: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    throw new UsageError(`${flag} ${text}: ${messageOf(error)}; ${remedy}`, { cause: error });
  }
}
