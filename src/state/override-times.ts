import { type AdminState, type Overrides, withShiftedEnds } from '../core/override.ts';
import type { HfmEvent } from '../events/event.ts';
import type { Clock } from '../sys/clock.ts';

/** Smaller steps are ignored: the two clocks are read one after the other. */
const MIN_STEP_MS = 500;

/**
 * Follows steps of the wall clock. The time of an override runs on the monotonic clock, and its end is
 * kept as wall time, for status and for a restart: a step of the wall clock moves the end along.
 */
export class WallClockSteps {
  readonly #clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  /** How far the wall clock was ahead of the monotonic one at the last look. */
  #aheadMs: number;

  constructor(clock: Pick<Clock, 'wallMs' | 'monotonicMs'>) {
    this.#clock = clock;
    this.#aheadMs = clock.wallMs() - clock.monotonicMs();
  }

  /** The overrides with their ends moved by the step since the last look; the same without a step. */
  follow(overrides: Overrides): Overrides {
    const aheadMs = this.#clock.wallMs() - this.#clock.monotonicMs();
    const stepMs = aheadMs - this.#aheadMs;
    if (Math.abs(stepMs) < MIN_STEP_MS) return overrides;
    this.#aheadMs = aheadMs;
    return withShiftedEnds(overrides, stepMs);
  }
}

/** An event for each override that has changed. */
export function overrideEvents(
  before: Overrides,
  after: Overrides,
  by: string | null,
  reason: string | null,
): HfmEvent[] {
  const events: HfmEvent[] = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(name) === after.get(name)) continue;
    const from: AdminState = before.get(name)?.state ?? 'ready';
    const { state: to = 'ready', untilMs = null } = after.get(name) ?? {};
    events.push({ kind: 'admin', name, from, to, by, reason, untilMs });
  }
  return events;
}
