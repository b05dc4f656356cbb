import type { CheckMode } from './config.ts';
import type { BACKEND_KEYS, DEFAULTS_KEYS } from './keys.ts';
import { childOf, type Place } from './place.ts';
import type { CheckSection, Section } from './sections.ts';

/** Values that may be set in `[defaults]`, in a check and in a backend. */
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

/** One of the tables that may set a value: the backend's, the check's or `[defaults]`. */
interface Layer {
  readonly values: Inherited;
  /** The keys that are written there, whether their values are valid or not. */
  readonly written: ReadonlySet<string>;
  readonly place: Place;
}

/** The most specific layer first. */
export type Layers = readonly Layer[];

/** An inherited value, the index of the layer that set it (0 is the backend), and its place. */
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

/** The value of the most specific layer that sets it; null when none does. */
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
