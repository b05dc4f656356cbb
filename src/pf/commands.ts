import type { TableRef } from '../core/table.ts';

/** What is done to one table. */
export type TableVerb = 'show' | 'add' | 'delete' | 'replace';

/** What ends one state, or source tracking nodes: its operand is known only when it is done. */
export type EndOperation =
  /** One state, by its `ID/CREATOR`. */
  | { readonly kind: 'state'; readonly id: string }
  /** Every source node of a client. */
  | { readonly kind: 'client'; readonly address: string }
  /** The source nodes of all clients that point at a backend. */
  | { readonly kind: 'backend'; readonly address: string };

/** The arguments of every pfctl that hfm runs, but for those of `endArguments`. */
export interface PfctlCommands {
  /** Addresses go by standard input, so that the arguments of a table are always the same. */
  table(verb: TableVerb, ref: TableRef): readonly string[];
  tables(anchor: string | null): readonly string[];
  sources(): readonly string[];
  states(options: { readonly ids: boolean }): readonly string[];
}

/** As an operator would type it. */
export const PLAIN: PfctlCommands = {
  table: (verb, { table, anchor }) => [
    ...(anchor === null ? [] : ['-a', anchor]),
    ...['-t', table, '-T', verb],
    ...(verb === 'show' ? [] : ['-f', '-']),
  ],
  tables: (anchor) => [...(anchor === null ? [] : ['-a', anchor]), '-v', '-s', 'Tables'],
  sources: () => ['-s', 'Sources'],
  states: ({ ids }) => (ids ? ['-ss', '-vv'] : ['-ss']),
};

/**
 * For sudo, which compares the arguments as one text with spaces in it: `-f '-'` and `'-f -'` are the
 * same to it, and the second makes pfctl read a file named " -". So each option and its value are one
 * word here, in an order in which pfctl refuses the words when any of them are run together: -t
 * without -T and -T without -t are errors, and so is what is no verb. One reading is left, -a with -f
 * in it, which makes an empty table in an anchor "ANCHOR -f-".
 */
export const SEALED: PfctlCommands = {
  table: (verb, { table, anchor }) => [
    ...[`-t${table}`, `-T${verb}`],
    ...(anchor === null ? [] : [`-a${anchor}`]),
    ...(verb === 'show' ? [] : ['-f-']),
  ],
  tables: (anchor) => ['-v', '-sTables', ...(anchor === null ? [] : [`-a${anchor}`])],
  sources: () => ['-sSources'],
  states: PLAIN.states,
};

/** What pfctl takes for it, where hfm may run it with any arguments. */
export function endArguments(operation: EndOperation): readonly string[] {
  switch (operation.kind) {
    case 'state':
      return ['-k', 'id', '-k', operation.id];
    case 'client':
      return ['-K', operation.address];
    case 'backend': {
      const anywhere = operation.address.includes(':') ? '::/0' : '0.0.0.0/0';
      return ['-K', anywhere, '-K', operation.address];
    }
  }
}

/** What libexec/pf-end takes for it, a line on its standard input. */
export function endLine(operation: EndOperation): string {
  return operation.kind === 'state'
    ? `state ${operation.id}`
    : `${operation.kind} ${operation.address}`;
}
