// A search's filter as the page's address has it, and back.

// Fields of a filter that the address has. Names of people and ids of cases stay out of it.
const LISTS = { process: "processes", version: "versions", upload: "uploads", decision: "decisions", outcome: "outcomes", reason: "reasons", kind: "kinds" };
const FLAGS = ["reviewed", "changed", "answered", "erased"];
const NUMBERS = { from: "confidence_from", to: "confidence_to" };
const TIMES = ["since", "until"];

/** The filter that an address means. */
export function filtersOf(query) {
  const filters = {};
  for (const [name, field] of Object.entries(LISTS)) if (query[name]) filters[field] = query[name].split(",");
  for (const name of FLAGS) if (query[name]) filters[name] = query[name] === "yes";
  for (const [name, field] of Object.entries(NUMBERS)) if (query[name]) filters[field] = Number(query[name]);
  for (const name of TIMES) if (query[name]) filters[name] = query[name];
  return filters;
}

/** The record that others are to be like. */
export function likeOf({ like }) {
  const [process, upload, record] = (like ?? "").split("/");
  return record ? { process, upload, record: Number(record) } : null;
}

/** The filter of a search that no address has: people, cases, values with a comma. */
export function hiddenOf(filters) {
  const shown = filtersOf(queryOf(filters));
  const given = Object.entries(filters).filter(([, value]) => value !== null && value.length !== 0);
  return Object.fromEntries(given.filter(([name, value]) => JSON.stringify(shown[name]) !== JSON.stringify(value)));
}

/** The other way round. A value with a comma is left out: it would be read as two. */
export function queryOf(filters) {
  const query = {};
  for (const [name, field] of Object.entries(LISTS)) {
    const values = (filters[field] ?? []).filter((one) => !one.includes(","));
    if (values.length) query[name] = values.join(",");
  }
  for (const name of FLAGS) if (typeof filters[name] === "boolean") query[name] = filters[name] ? "yes" : "no";
  for (const [name, field] of Object.entries(NUMBERS)) if (typeof filters[field] === "number") query[name] = String(filters[field]);
  for (const name of TIMES) if (filters[name]) query[name] = filters[name];
  return query;
}
