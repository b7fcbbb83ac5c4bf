// CSV as it comes in parts, made one table.

const CELL = /("[^"]*(?:""[^"]*)*"|[^",\r\n]*)(,|\r?\n|$)/y;

/** The rows of a CSV; cells stay written as they are, with their quotes. */
function* rows(text) {
  CELL.lastIndex = 0;
  let row = [];
  let found;
  for (let at = 0; at < text.length && (found = CELL.exec(text)); at = CELL.lastIndex) {
    row.push(found[1]);
    if (found[2] === ",") continue;
    const whole = row;
    const next = CELL.lastIndex;
    row = [];
    yield whole;
    CELL.lastIndex = next;
  }
}

/** One CSV of parts with a header each: the columns of all of them, each value under its own. */
export function joined(parts) {
  const columns = new Map();
  for (const part of parts) {
    for (const name of rows(part).next().value ?? []) {
      if (!columns.has(name)) columns.set(name, columns.size);
    }
  }
  const line = (cells) => `${cells.join(",")}\r\n`;
  const out = [line([...columns.keys()])];
  const places = new Map();
  for (const part of parts) {
    let names = null;
    for (const cells of rows(part)) {
      if (!names) {
        names = cells;
        continue;
      }
      const whole = new Array(columns.size).fill("");
      names.forEach((name, i) => { whole[columns.get(name)] = cells[i] ?? ""; });
      // What was corrected between two parts is in both: the later one holds.
      const [upload, record] = ["upload", "record"].map((name) => whole[columns.get(name)]);
      if (upload) {
        const key = `${upload}/${record}`;
        if (places.has(key)) out[places.get(key)] = "";
        places.set(key, out.length);
      }
      out.push(line(whole));
    }
  }
  return out;
}

/** The parts of an export by their process, each as one table. Each part is of one process. */
export function byProcess(parts) {
  const found = new Map();
  for (const part of parts) {
    const lines = rows(part);
    const names = lines.next().value;
    const first = lines.next().value;
    if (!first) continue;
    const process = first[names.indexOf("process")];
    found.set(process, [...(found.get(process) ?? []), part]);
  }
  return new Map([...found].map(([process, own]) => [process, joined(own)]));
}
