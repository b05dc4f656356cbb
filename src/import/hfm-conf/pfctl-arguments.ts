import { parseArgs } from 'node:util';

/** What a pfctl command line does. */
export type PfctlUse =
  | {
      readonly kind: 'change';
      readonly operation: 'add' | 'delete';
      readonly table: string;
      readonly anchor: string | null;
      /** As written: addresses, networks or names. */
      readonly targets: readonly string[];
    }
  /** Ends states or source nodes. */
  | { readonly kind: 'kill' }
  | { readonly kind: 'other' };

/** Reads the arguments of pfctl(8), of OpenBSD and FreeBSD. */
export function readPfctl(args: readonly string[]): PfctlUse {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch {
    // node:util throws for options that are not in the list.
    return { kind: 'other' };
  }
  const { a: anchor = null, t: table, T: operation, k, K, ...rest } = parsed.values;
  if (Object.keys(rest).some((option) => !HARMLESS.includes(option))) return { kind: 'other' };
  if (operation === undefined) {
    return k === undefined && K === undefined ? { kind: 'other' } : { kind: 'kill' };
  }
  const isChange = operation === 'add' || operation === 'delete';
  if (!isChange || table === undefined || parsed.positionals.length === 0) return { kind: 'other' };
  return { kind: 'change', operation, table, anchor, targets: parsed.positionals };
}

/** Quiet, verbose. */
const HARMLESS = ['q', 'v'];

function parse(args: readonly string[]) {
  const flag = (short: string) => ({ type: 'boolean', short }) as const;
  const option = (short: string) => ({ type: 'string', short }) as const;
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      a: option('a'),
      t: option('t'),
      T: option('T'),
      k: { type: 'string', short: 'k', multiple: true },
      K: { type: 'string', short: 'K', multiple: true },
      q: flag('q'),
      v: flag('v'),
      n: flag('n'),
      e: flag('e'),
      d: flag('d'),
      f: option('f'),
      F: option('F'),
      s: option('s'),
      i: option('i'),
      p: option('p'),
      D: option('D'),
    },
  });
}
