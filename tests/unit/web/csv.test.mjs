import assert from "node:assert/strict";
import { test } from "node:test";
import { joined } from "../../../web/csv.js";

const table = (...parts) => joined(parts).join("");

test("values of parts with other columns stand under their own names", () => {
  assert.equal(
    table("id,text,age,code\r\n1,a,67,X\r\n", "id,text,mood\r\n2,b,joy\r\n", "id,text,code,age\r\n3,c,Y,5\r\n"),
    "id,text,age,code,mood\r\n1,a,67,X,\r\n2,b,,,joy\r\n3,c,5,Y,\r\n",
  );
});

test("commas, quotes and line breaks in cells and names stay where they are", () => {
  const name = '"a ""b"",\r\nc"';
  const cell = '"=1, ""x""\nsecond, line"';
  assert.equal(
    table(`id,${name}\r\n1,${cell}\r\n`, `id,other,${name}\r\n2,"",${cell}\r\n3,,\r\n`),
    `id,${name},other\r\n1,${cell},\r\n2,${cell},""\r\n3,,\r\n`,
  );
});

test("a part without rows, and a last line without its end", () => {
  assert.equal(table("id,text\r\n", "id,text\r\n1,a"), "id,text\r\n1,a\r\n");
  assert.equal(table("id,text\r\n"), "id,text\r\n");
});

test("of a record that was decided again between two parts the later row stays", () => {
  const header = "id,decision,upload,record\r\n";
  assert.equal(
    table(`${header}1,met,u,1\r\n2,met,u,2\r\n1,met,v,1\r\n`, `record,upload,decision,id\r\n1,u,not_met,1\r\n12,u,met,3\r\n`),
    `${header}2,met,u,2\r\n1,met,v,1\r\n1,not_met,u,1\r\n3,met,u,12\r\n`,
  );
});

test("a long cell is read whole", () => {
  const cell = `"${'long ""text"", '.repeat(200_000)}"`;
  assert.equal(table(`id,text\r\n1,${cell}\r\n`), `id,text\r\n1,${cell}\r\n`);
});

test("the download follows the cursor; of each process it is one table", async () => {
  globalThis.document = { getElementById: () => null };
  const parts = [
    ["id,process,age\r\n1,capsule,67\r\n", "a"],
    ["id,process\r\n", "b"],
    ["id,process,sex\r\n2,capsule,f\r\n", "c"],
    ["id,process,mood\r\n3,emotions,joy\r\n", null],
  ];
  const asked = [];
  globalThis.fetch = async (path) => {
    const [text, cursor] = parts[asked.push(path) - 1];
    return new Response(text, { headers: { "Winnow-Gone": "2", ...(cursor ? { "Winnow-Cursor": cursor } : {}) } });
  };
  const { download } = await import("../../../web/api.js");
  const { files, gone } = await download("/v1/reviews/export.csv");
  assert.equal(gone, 8);
  assert.deepEqual([...files].map(([process, pieces]) => [process, pieces.join("")]), [
    ["capsule", "id,process,age,sex\r\n1,capsule,67,\r\n2,capsule,,f\r\n"],
    ["emotions", "id,process,mood\r\n3,emotions,joy\r\n"],
  ]);
  assert.deepEqual(asked.map((path) => path.split("?")[1]), [undefined, "cursor=a", "cursor=b", "cursor=c"]);
});
