import type { CheckMode } from './config.ts';
import type { BACKEND_KEYS, DEFAULTS_KEYS } from './keys.ts';
import { childOf, type Place } from './place.ts';
import type { CheckSection, Section } from './sections.ts';

/** The values that `[defaults]`, a check and a backend may all set. */
interface Inherited {
  readonly mode?: CheckMode;
  readonly interval?: number;
  readonly fast_interval?: number;
  readonly down_interval?: number;
  readonly timeout?: number;
  readonly interrupt_after?: number;
  readonly rise?: number;
  readonly fall?: number;
  readonly start_delay?: number;
  readonly port?: number;
}

/** One place that may set a value: the backend's, the check's, or the defaults'. */
interface Layer {
  readonly values: Inherited;
  /** The keys that are written there, good or not. */
  readonly written: ReadonlySet<string>;
  readonly place: Place;
}

/** The most specific first. */
export type Layers = readonly Layer[];

/** A value, how specific the layer is that set it (0 is the backend), and where it stands. */
export interface Setting<T> {
  readonly value: T;
  readonly depth: number;
  readonly place: Place;
}

export function layersOf(
  backend: Section<typeof BACKEND_KEYS>,
  check: CheckSection,
  defaults: Section<typeof DEFAULTS_KEYS>,
): Layers {
  return [backend, check, defaults];
}

/** What the most specific layer says, or null when none says anything. */
export function inherit<K extends keyof Inherited>(
  layers: Layers,
  key: K,
): Setting<NonNullable<Inherited[K]>> | null {
  for (const [depth, { values, place }] of layers.entries()) {
    const value = values[key];
    if (value !== undefined) return { value, depth, place: childOf(place, key) };
  }
  return null;
}
