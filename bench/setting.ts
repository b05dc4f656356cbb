import type { Children } from './children.ts';
import type { Programs } from './programs.ts';

/** What every row is given. */
export interface Bench {
  /** For configurations, tables and logs; removed at the end. */
  readonly folder: string;
  /** Longer windows and more runs. */
  readonly isFull: boolean;
  /** The program under test, which its first line says how to run. */
  readonly hfmd: string;
  readonly programs: Programs;
  readonly children: Children;
}
