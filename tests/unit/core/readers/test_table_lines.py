"""Rows of tables as lines: what the table says by its places, and ordinary tables as they are."""

import pytest

from tests.scaling.measure import MOST, growth
from winnow.readers.fragments import Fragment, TableRow, TextFragment
from winnow.readers.table_lines import as_text, lines_of_table


def lines(table: str) -> list[str]:
    """Cells parted by bars, rows by semicolons, lines of a cell by slashes between spaces."""
    rows = [
        TableRow(1, tuple(cell.strip().replace(" / ", "\n") for cell in row.split("|")))
        for row in table.split(";")
    ]
    return [fragment.text.rstrip("\n") for fragment in as_text(rows)]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("Finding|Yes|No; Ongoing melena||X; Fever|X|", ["Ongoing melena: No", "Fever: Yes"]),
        ("|Yes|No|Comments; Melena||✓|since May", ["Melena: No, since May"]),
        ("Yes|No|Finding; |X|Melena; X||Fever", ["Melena: No", "Fever: Yes"]),
        ("Finding|Yes|No|Finding|Yes|No; Melena||X|Fever|X|", ["Melena: No", "Fever: Yes"]),
        (
            "Symptom|Current|Past|Never; Melena|||x; Anemia|x||",
            ["Melena: Never", "Anemia: Current"],
        ),
        (
            "Finding|Denied|Reported; Melena|[x]|[ ]; Fever|☐|☒",
            ["Melena: Denied", "Fever: Reported"],
        ),
        ("Review; Finding|Yes|No; Melena||x", ["Finding\tYes\tNo", "Melena: No"]),
        ("Finding|Present; Melena|; Fever|X", ["Melena: [ ] Present", "Fever: Present"]),
        ("Finding|Yes|No; Melena||; Fever|X|", ["Melena: [ ] Yes [ ] No", "Fever: Yes"]),
        ("Finding|Yes|No; Melena|X|X", ["Melena: [x] Yes [x] No"]),
        ("Finding|Yes|No; Melena||since May; Fever|X|", ["Melena: No, since May", "Fever: Yes"]),
        ("Finding|Yes|No; Melena|✗|✓", ["Melena: No"]),
        ("Finding|Present; Melena|✗; Fever|✓", ["Melena: [ ] Present", "Fever: Present"]),
        ("Finding|Yes|No; Melena|-|•; Fever|(x)|( )", ["Fever: Yes"]),
        (
            "Item|Normal|Abnormal; 1. Abdomen|x|; 2. Stool||x",
            ["1. Abdomen: Normal", "2. Stool: Abnormal"],
        ),
        ("Finding|No|Yes|Unknown; Melena|||x", ["Melena: Unknown"]),
        ("Finding|Yes|No; Note: she walked. Well.||; Fever|X|", ["Note: she walked. Well."]),
        ("Melena|Fever; No|Yes", ["Melena: No", "Fever: Yes"]),
        ("Reports|Denies; fatigue|ongoing melena", ["Reports: fatigue", "Denies: ongoing melena"]),
        ("Melena|Fever; X|", ["[x] Melena", "[ ] Fever"]),
        (
            "Date|Melena|Fever; May|No|Yes; June|No|",
            ["Date", "May\tMelena: No", "May\tFever: Yes", "June\tMelena: No", "June\tFever: ___"],
        ),
        ("Procedure|Complications; EGD|None", ["Procedure", "EGD\tComplications: None"]),
        ("Melena / No|Fever / Yes", ["Melena: No\tFever: Yes"]),
        ("Melena / (black stools)|No", ["Melena (black stools)\tNo"]),
        ("Denies melena / Anemia / Fever: no", ["Denies melena", "Anemia", "Fever: no"]),
        (
            "EGD / normal|Denies pain / Ongoing melena",
            ["EGD: normal", "Denies pain", "Ongoing melena"],
        ),
        ("No fever|Ongoing melena", ["No fever", "Ongoing melena"]),
        (
            "Denies chest pain|Still passing black stools",
            ["Denies chest pain", "Still passing black stools"],
        ),
        ("Allergies: none|Ongoing bleeding: yes", ["Allergies: none", "Ongoing bleeding: yes"]),
    ],
)
def test_what_a_table_says_by_its_places(table, told):
    got = lines(table)
    assert [line for line in told if line not in got] == []
    assert "Melena" not in [line.split("\t")[0] for line in got]


@pytest.mark.parametrize(
    "table",
    [
        "Melena|No; Fever|Yes",
        "Melena|No|Yes; Fever|Yes|No",
        "Symptom|Present|Duration; Melena|No|3 days",
        "Test|Result|Unit; Hemoglobin|7.4|g/dL; Ferritin|6|ng/mL",
        "Test|Result; Guaiac|Positive; H. pylori|Negative",
        "Date|Hb; May|7.2; June|8.1",
        "Denies|fever, chills",
        "Denies: chest pain|Ongoing melena",
        "No fever|black stools|weight loss",
        "Hemoglobin:|7.4 g/dL",
        "Medication|Dose|Since; Iron|325 mg|May; Aspirin|81 mg|",
        "Name|Jane Doe|Born|1950",
    ],
)
def test_ordinary_tables_are_a_line_a_row(table):
    rows = ["\t".join(cell.strip() for cell in row.split("|")) for row in table.split(";")]
    assert lines(table) == [row.rstrip("\t") for row in rows]


def test_a_table_by_itself_has_the_same_lines():
    rows = [["Finding", "Yes", "No"], ["Ongoing melena", "", "X"], ["Fever", "X", ""]]
    assert lines_of_table(rows) == lines("Finding|Yes|No; Ongoing melena||X; Fever|X|")
    assert lines_of_table([]) == []


def test_text_between_tables_parts_them():
    parts: list[Fragment] = [
        TableRow(1, ("Finding", "Yes", "No")),
        TableRow(1, ("Melena", "", "X")),
        TextFragment("So.\n", 1, 3),
        TableRow(2, ("Melena", "X")),
    ]
    told = [part.text for part in as_text(parts)]
    assert told == ["Finding\tYes\tNo\n", "Melena: No\n", "So.\n", "Melena\tX\n"]


@pytest.mark.parametrize(
    "row", [("Melena", "", "X"), ("No fever", "No fever", "a\nb"), ("x",) * 40]
)
def test_twice_the_rows_take_twice_the_time(row):
    def reading(text: str):
        rows = [TableRow(1, ("Finding", "Yes", "No")), *[TableRow(1, row)] * len(text)]
        return lambda: list(as_text(rows))

    assert growth(reading, lambda size: "x" * size, 4_000) <= MOST
