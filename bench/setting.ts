import type { Children } from './children.ts';
import type { Programs } from './programs.ts';

/** The first argument of every row. */
export interface Bench {
  /** For configurations, tables and logs. The bench removes it at the end. */
  readonly folder: string;
  /** Longer windows and more runs. */
  readonly isFull: boolean;
  /** The program under test. Its first line says how to run it. */
  readonly hfmd: string;
  readonly programs: Programs;
  readonly children: Children;
}
