// Rows of a table as they are kept, as they are changed, and as a spreadsheet has them.
export type Rows = string[][];

/** A row that is shown both as it was and as it shall be. */
export interface Changed {
  from: string[];
  to: string[];
}
export interface Changes {
  added: Rows;
  removed: Rows;
  changed: Changed[];
}

/** What would be different. A row that has another's first cell is that one, changed. */
export function changesOf(before: Rows, after: Rows): Changes {
  const as = (row: string[]) => JSON.stringify(row);
  const left = (rows: Rows, others: Rows) => {
    const known = new Set(others.map(as));
    return rows.filter((row) => !known.has(as(row)));
  };
  const removed = left(before, after);
  const added = left(after, before);
  const changed: Changed[] = [];
  for (const to of [...added]) {
    const at = removed.findIndex((from) => from[0] === to[0]);
    if (at < 0) continue;
    changed.push({ from: removed[at], to });
    removed.splice(at, 1);
    added.splice(added.indexOf(to), 1);
  }
  return { added, removed, changed };
}

/** As CSV, a line for each row: no cell holds a line break. */
export function csvOf(head: string[], rows: Rows): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

const cellText = (value: unknown): string => {
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  if (typeof value === "boolean") return value ? "yes" : "";
  return String(value ?? "").replace(/\s+/g, " ");
};

/** What somebody has chosen as CSV: a CSV file as it is, in whatever encoding; of a workbook the first sheet. */
export async function fileAsCsv(file: File): Promise<Blob> {
  if (!/\.xlsx$/i.test(file.name)) return file;
  const { default: read } = await import("read-excel-file");
  const [head = [], ...rows] = (await read(file)).map((row) => row.map(cellText));
  return new Blob([csvOf(head, rows)]);
}
