import type { Bench } from './setting.ts';

/** One line of the table: a figure and what it must not go beyond. */
export interface Row {
  /** What it is called on the command line. */
  readonly name: string;
  readonly title: string;
  readonly unit: 'x' | 'ms' | 'MB';
  /** Null where there is only a dream, or the row is for information. */
  readonly bar: number | null;
  readonly dream: number | null;
  /** Left out of the short mode, unless it is named. */
  readonly isLong?: true;
}

export type Outcome =
  | {
      readonly kind: 'measured';
      readonly figure: number;
      /** The figure of each window or run, for its spread. */
      readonly windows: readonly number[];
      /** Why the figure does not count, such as probes that were left out. */
      readonly faults: readonly string[];
      readonly notes: readonly string[];
    }
  /** This machine or this hfmd lacks something that the row needs. */
  | { readonly kind: 'unavailable'; readonly why: string }
  /** It could not be measured, though it should. */
  | { readonly kind: 'broken'; readonly why: string };

/** Rows that are measured together, since one set-up serves them all. */
export interface Scenario {
  readonly rows: readonly Row[];
  /** The outcomes of the rows that are wanted, by name; others may be missing. */
  run(bench: Bench, wanted: ReadonlySet<string>): Promise<Readonly<Record<string, Outcome>>>;
}

/** Something that a row needs is not there. */
export class Unavailable extends Error {}
