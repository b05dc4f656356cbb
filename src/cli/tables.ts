import type { TableJson } from '../protocol/protocol.ts';
import { columns } from './columns.ts';
import { type Command, failed, printJson, UsageError } from './command.ts';
import { EXIT } from './exit-status.ts';
import { syncText } from './status.ts';
import { paint } from './terminal.ts';

export const tablesCommand: Command = {
  name: 'tables',
  synopsis: '[POOL]',
  summary: 'what each pf table must hold, and what it holds',
  details: 'Exits 1 when a table is not proven to hold what it must.',
  options: {},
  async run(context, { positionals }) {
    if (positionals.length > 1) throw new UsageError('expected one pool at most');
    const [pool] = positionals;
    const query = pool === undefined ? {} : { pool };
    const answer = await context.client.get<{ tables: TableJson[] }>('/v1/tables', query);
    if (answer.kind !== 'ok') return failed(context, answer);
    const { tables } = answer.value;
    const { terminal } = context;
    if (context.json) printJson(context, answer.value);
    else {
      for (const table of tables) {
        const where = table.anchor === null ? '' : ` in anchor ${table.anchor}`;
        const sync = syncText(terminal, table, terminal.wallMs());
        terminal.out(`${table.name}: <${table.table}>${where}, ${sync}\n`);
        const rows = rowsOf(table).map(([address, wanted, actual, note]) => [
          `  ${address}`,
          wanted,
          actual,
          note === '' ? '' : paint(terminal, 'yellow', note),
        ]);
        terminal.out(columns([['  ADDRESS', 'DESIRED', 'ACTUAL', ''], ...rows]));
      }
    }
    return tables.every(({ in_sync }) => in_sync) ? EXIT.ok : EXIT.degraded;
  },
};

type Row = [address: string, wanted: string, actual: string, note: string];

function rowsOf({ desired, actual, managed, foreign }: TableJson): Row[] {
  const wanted = new Set(desired ?? []);
  const holds = new Set(actual ?? []);
  return [...new Set([...managed, ...wanted, ...holds])].map((address): Row => {
    const note = foreign.includes(address)
      ? "not hfm's"
      : wanted.has(address) === holds.has(address)
        ? ''
        : 'differs';
    return [address, wanted.has(address) ? 'in' : 'out', holds.has(address) ? 'in' : 'out', note];
  });
}
