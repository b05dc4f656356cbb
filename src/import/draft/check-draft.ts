import type { Address } from '../../core/address.ts';
import type { TomlTable } from './toml-text.ts';

/** A test as a check of hfm.toml, still without its times. */
export interface CheckDraft {
  /** The check's name where the rule's own name tells less. */
  readonly name: string;
  /** `type` and the keys of that type. */
  readonly keys: TomlTable;
  /** The address to probe; null when the test does not name one. */
  readonly address: Address | null;
  /** The test's own deadline. */
  readonly limitMs: number | null;
  /** Small differences, for the reader of the result. */
  readonly remarks: readonly string[];
}
