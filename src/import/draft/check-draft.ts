import type { Address } from '../../core/address.ts';
import type { TomlTable } from './toml-text.ts';

/** A test as a check of hfm.toml, still without its times. */
export interface CheckDraft {
  /** What to call it where the rule's own name says less. */
  readonly name: string;
  /** `type` and what belongs to it. */
  readonly keys: TomlTable;
  /** What it probes; null when the test does not say. */
  readonly address: Address | null;
  /** The test's own deadline. */
  readonly limitMs: number | null;
  /** What differs a little, for the reader of the result. */
  readonly remarks: readonly string[];
}
