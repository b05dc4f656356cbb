import type { Bench } from './setting.ts';

/** One line of the table: a figure and its bar. */
export interface Row {
  /** Its name on the command line. */
  readonly name: string;
  readonly title: string;
  readonly unit: 'x' | 'ms' | 'MB';
  /** Null if there is only a dream, or the row is for information. */
  readonly bar: number | null;
  readonly dream: number | null;
  /** The short mode leaves it out, unless it is named. */
  readonly isLong?: true;
}

export type Outcome =
  | {
      readonly kind: 'measured';
      readonly figure: number;
      /** The figure of each window or run, for the spread. */
      readonly windows: readonly number[];
      /** Why the figure does not count, such as missing probes. */
      readonly faults: readonly string[];
      readonly notes: readonly string[];
    }
  /** This machine or this hfmd lacks something that the row needs. */
  | { readonly kind: 'unavailable'; readonly why: string }
  /** The measurement failed. */
  | { readonly kind: 'broken'; readonly why: string };

/** Rows that are measured together with one set-up. */
export interface Scenario {
  readonly rows: readonly Row[];
  /** The outcomes of the wanted rows, by name. Others may be missing. */
  run(bench: Bench, wanted: ReadonlySet<string>): Promise<Readonly<Record<string, Outcome>>>;
}

/** Something that a row needs is missing. */
export class Unavailable extends Error {}
