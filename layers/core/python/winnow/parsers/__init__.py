"""Parsers of formats that are not plain text: what runs in a child process, within limits.

A hostile PDF may crash its library, a hostile workbook may ask for all the memory there is. So none
of these runs in the process that holds the credentials: `winnow.readers.sandbox` starts
`python -m winnow.parsers` on one spooled file and reads what it emits. To start fast,
nothing here imports pydantic or the rest of the package.

A parser is a function of a seekable file, the limits and `emit`. It emits items, each a list:

| item | of | meaning |
|---|---|---|
| `["text", text, page, line]` | documents | more text; page and line may be null |
| `["row", table, cells, page, line]` | tables | a row of the table with this number |
| `["page", number, width, height, lines]` | PDF | lines `[text, x0, y0, x1, y1]`, points |
| `["table", number, name, columns]` | XLSX | a sheet; where its columns were, or null |
| `["fields", {name: value}]` | mails | what is known of the document besides its text |
| `["member", name, size]` | mails | an attachment; its bytes follow in the scratch file |
| `["unread", name, code, text]` | mails | an attachment that cannot be read, and why |
| `["note", code, text]` | all | something that the user should know |

A cell is a text. One with tables in it (DOCX, HTML) is a list: its texts, and each table as a list
of rows.
"""
