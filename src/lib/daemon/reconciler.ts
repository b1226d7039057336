// One pass of the daemon: look at the kernel, decide, plan, apply. Netlink is synchronous, so a pass is one
// uninterrupted piece of work of about a tenth of a millisecond; whoever wants one just asks (runner.ts coalesces).
//
// INVARIANTS:
// - The kernel as it is now is compared, never a memory of what was done to it.
// - A failed step never lets a removal of the same pass go ahead: make before break.
// - What goes wrong is told when it begins, not every second.
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { WANTED_SYSCTLS } from '../host/sysctl.ts';
import { equalHostPort, type HostPort } from '../model/address.ts';
import type { ProxySpec } from '../model/spec.ts';
import { applyPlan } from '../reconcile/apply.ts';
import { desiredFrom, routeFor } from '../reconcile/desired.ts';
import { type Kernel, observe } from '../reconcile/kernel.ts';
import { plan } from '../reconcile/plan.ts';
import type { Desired, DesiredRealServer, Observed } from '../reconcile/state.ts';
import { identityOf, parametersBefore, type Step, type StepKind } from '../reconcile/steps.ts';
import type { Telemetry } from '../telemetry.ts';
import type { ConnectionBreaker } from './breaker.ts';
import type { Candidates } from './candidates.ts';
import { Judge } from './judge.ts';

export interface ReconcilerOptions {
  readonly kernel: Kernel;
  readonly spec: ProxySpec;
  readonly candidates: Candidates;
  readonly breaker: ConnectionBreaker;
  readonly telemetry: Telemetry;
  readonly hangTimeMs: number;
  readonly drainTimeoutMs: number;
  readonly clock: Clock;
  /** Keeps kernel parameters as they were before our first change. Throws what keeps it from that. */
  readonly rememberSysctls: (before: Readonly<Record<string, string>>) => void;
  /** Asks for a pass so many milliseconds from now. */
  readonly passIn: (milliseconds: number) => void;
}

/** A real server goes, or was gone until now: in either case connections have lost theirs. */
const CUTS: ReadonlySet<StepKind> = new Set(['add-virtual-server', 'add-real-server', 'remove-real-server']);

export class Reconciler {
  readonly #options: ReconcilerOptions;
  /** What the last pass wanted, as text: a step that follows from the same wish repairs what somebody else did. */
  #lastWish = '';
  /** What is going wrong at present. */
  #failures = new Set<string>();
  #observed: Observed | undefined;
  #passes = 0;
  #failedPasses = 0;
  #lastPassAt: number | undefined;

  readonly #judge: Judge;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#judge = new Judge(options);
  }

  get held(): boolean {
    return this.#judge.held;
  }

  /** The kernel as the last pass left it. */
  get observed(): Observed | undefined {
    return this.#observed;
  }

  /** How many passes there were, failed ones included, and when (monotonic ms) the last one ended. */
  get record(): { passes: number; failedPasses: number; lastPassAt: number | undefined } {
    return { passes: this.#passes, failedPasses: this.#failedPasses, lastPassAt: this.#lastPassAt };
  }

  pass(): void {
    const startedAt = performance.now();
    const failures = new Set<string>();
    let ok = false;
    try {
      ok = this.#reconcile(failures);
    } catch (error) {
      this.#tell(failures, `looking at the kernel: ${messageOf(error)}`, () =>
        this.#options.telemetry.problem('looking at the kernel', error),
      );
    }
    this.#failures = failures;
    this.#passes += 1;
    if (!ok) this.#failedPasses += 1;
    this.#lastPassAt = performance.now();
    this.#options.telemetry.passFinished(this.#lastPassAt - startedAt, ok);
  }

  /** Returns whether the virtual server, its real servers and the route are as wanted now. */
  #reconcile(failures: Set<string>): boolean {
    const { kernel, spec, candidates, clock, passIn } = this.#options;
    const observed = observe(kernel, spec.virtualServer, WANTED_SYSCTLS.keys());
    this.#observed = observed;
    const { realServers, nextAt } = this.#judge.decide(observed.realServers);
    if (nextAt !== undefined) passIn(nextAt - clock.now());
    // Nothing is known of any real server yet: a virtual server without one would refuse what may work otherwise.
    if (realServers.length === 0 && observed.virtualServer === undefined) return true;
    const desired = this.#desired(realServers, observed);
    const wish = JSON.stringify({ ...desired, sysctls: [...desired.sysctls] });
    const steps = plan(desired, observed);
    const ok = this.#apply(steps, wish === this.#lastWish, failures) && !this.#isHidden(observed, failures);
    this.#lastWish = wish;
    if (steps.length > 0) this.#observed = observe(kernel, spec.virtualServer, WANTED_SYSCTLS.keys());
    if (this.#passes === 0 || steps.some(({ kind }) => CUTS.has(kind))) this.#breakUnserved();
    candidates.forgetUnless(realServer => isIn(realServer, realServers) || !ok);
    return ok;
  }

  #desired(realServers: readonly DesiredRealServer[], { route }: Observed): Desired {
    const { spec, kernel } = this.#options;
    // Where no source can be had (the network is down), the route stays as it is.
    const wanted = routeFor(spec, realServers, kernel.routes, route) ?? (route && { source: route.source });
    return desiredFrom(spec, realServers, spec.route ? wanted : undefined, WANTED_SYSCTLS);
  }

  /** Returns whether all is done. Kernel parameters that cannot be set (a container) make no pass fail. */
  #apply(steps: readonly Step[], sameWish: boolean, failures: Set<string>): boolean {
    const { kernel, telemetry } = this.#options;
    this.#remember(steps, failures);
    const results = applyPlan(kernel, steps);
    for (const result of results) {
      const { step } = result;
      if (result.outcome === 'failed') {
        const { error } = result;
        this.#tell(failures, `${identityOf(step)}: ${messageOf(error)}`, () =>
          telemetry.stepFailed(step, error),
        );
      } else if (result.outcome === 'done') {
        if (sameWish) telemetry.repaired(step);
        else telemetry.applied(step);
        if (step.kind === 'replace-route' && step.before !== undefined)
          this.#breakFrom(step.before.source, step.source);
      }
    }
    return results.every(({ step, outcome }) => outcome === 'done' || step.kind === 'set-sysctl');
  }

  /** Nothing that a pass can do: the rules are somebody else's. */
  #isHidden({ route }: Observed, failures: Set<string>): boolean {
    if (route?.hidden !== true) return false;
    const { spec, telemetry } = this.#options;
    this.#tell(failures, 'hidden', () =>
      telemetry.problem(
        `the local route of ${spec.virtualServer.address}`,
        new Error(
          'a policy rule before that of table local leads elsewhere; put it first: ip rule add pref 0 lookup local',
        ),
      ),
    );
    return true;
  }

  /** What we change is put back by `clean`, whoever of us changed it. */
  #remember(steps: readonly Step[], failures: Set<string>): void {
    const before = parametersBefore(steps);
    if (before === undefined) return;
    try {
      this.#options.rememberSysctls(before);
    } catch (error) {
      this.#tell(failures, `remember: ${messageOf(error)}`, () =>
        this.#options.telemetry.problem('remembering kernel parameters', error),
      );
    }
  }

  /** Connections keep the source that they began with, and no answer reaches it over a network that is gone. */
  #breakFrom(before: string | undefined, now: string | undefined): void {
    const { breaker, spec } = this.#options;
    if (before !== undefined && before !== now) breaker.breakFrom(before, spec.virtualServer);
  }

  #breakUnserved(): void {
    const { breaker, spec } = this.#options;
    breaker.breakSoon(spec.virtualServer, () => {
      const { virtualServer, realServers } = this.#observed ?? {};
      return virtualServer && realServers;
    });
  }

  #tell(failures: Set<string>, failure: string, tell: () => void): void {
    failures.add(failure);
    if (!this.#failures.has(failure)) tell();
  }
}

function isIn(realServer: HostPort, list: readonly HostPort[]): boolean {
  return list.some(other => equalHostPort(other, realServer));
}
