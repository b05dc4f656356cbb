import type { TableRef } from '../core/table.ts';

/** The commands of `pfctl -T` that hfm runs. */
export type TableVerb = 'show' | 'add' | 'delete' | 'replace';

/**
 * Ends one state, or source-tracking nodes. Its operand is known only when hfm runs it, so no rule of
 * doas or sudo can name it ahead.
 */
export type EndOperation =
  /** One state, by its `ID/CREATOR`. */
  | { readonly kind: 'state'; readonly id: string }
  /** Every source node of a client. */
  | { readonly kind: 'client'; readonly address: string }
  /** The source nodes of all clients that point at a backend. */
  | { readonly kind: 'backend'; readonly address: string };

/** The arguments of every pfctl command that hfm runs, except those of `endArguments`. */
export interface PfctlCommands {
  /** Addresses go to standard input, so the arguments for a table are always the same. */
  table(verb: TableVerb, ref: TableRef): readonly string[];
  tables(anchor: string | null): readonly string[];
  sources(): readonly string[];
  states(options: { readonly ids: boolean }): readonly string[];
}

/** The arguments as an operator types them. */
export const PLAIN_COMMANDS: PfctlCommands = {
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
 * The arguments for a rule of sudo. sudo compares them as one text with spaces in it: `-f '-'` and
 * `'-f -'` are the same to it, and the second makes pfctl read a file named " -". So each option and
 * its value are one word here. The words have an order in which pfctl refuses them when somebody joins
 * any of them: -t without -T is an error, so is -T without -t, and so is an unknown verb. One joined
 * form is accepted, -a with -f in it; it makes an empty table in an anchor "ANCHOR -f-".
 */
export const SUDO_COMMANDS: PfctlCommands = {
  table: (verb, { table, anchor }) => [
    ...[`-t${table}`, `-T${verb}`],
    ...(anchor === null ? [] : [`-a${anchor}`]),
    ...(verb === 'show' ? [] : ['-f-']),
  ],
  tables: (anchor) => ['-v', '-sTables', ...(anchor === null ? [] : [`-a${anchor}`])],
  sources: () => ['-sSources'],
  states: PLAIN_COMMANDS.states,
};

/** The arguments of pfctl for an operation, when hfm may run pfctl with any arguments. */
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

/** The line on standard input of libexec/pf-end for an operation. */
export function helperLine(operation: EndOperation): string {
  return operation.kind === 'state'
    ? `state ${operation.id}`
    : `${operation.kind} ${operation.address}`;
}
