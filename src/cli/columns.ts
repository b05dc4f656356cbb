import { stripVTControlCharacters } from 'node:util';

/** Aligns the cells of each column. The last column is not padded. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) {
      widths[i] = Math.max(widths[i] ?? 0, visibleLength(cell));
    }
  }
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - visibleLength(cell)))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** Without the codes of colours. */
function visibleLength(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
