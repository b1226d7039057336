// Columns for a terminal of 80. Pure.
import { COLUMNS } from '../wrap.ts';

export interface Column {
  readonly heading: string;
  /** Numbers stand to the right. */
  readonly align: 'left' | 'right';
}

/** Rows below their headings. Where names are too long for that, each stands on a line of its own, its cells below. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const headings = columns.map(({ heading }) => heading);
  const table = alignColumns(columns, [headings, ...rows]);
  if (table.every(line => line.length <= COLUMNS)) return table;
  const [top = '', ...cells] = alignColumns(columns, [headings, ...rows.map(([, ...rest]) => ['', ...rest])]);
  return [top, ...rows.flatMap(([name = ''], index) => [name, cells[index] ?? ''])].map(line =>
    line.slice(0, COLUMNS).trimEnd(),
  );
}

function alignColumns(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((_, index) => Math.max(...rows.map(row => row[index]?.length ?? 0)));
  const pad = (cell: string, index: number): string =>
    columns[index]?.align === 'right' ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0);
  return rows.map(row => row.map(pad).join('  ').trimEnd());
}
