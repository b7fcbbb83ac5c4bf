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


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (
            "Complaint|No|Yes; Hematochezia|X|; Sign|Yes|No; Pallor|X|; Jaundice||X",
            ["Hematochezia: No", "Pallor: Yes", "Jaundice: No"],
        ),
        (
            "GI symptoms|Yes|No; Cramps||x; Imaging|Not done|Normal|Abnormal; CT|||x; MRI|x||",
            ["Cramps: No", "CT: Abnormal", "MRI: Not done"],
        ),
        (
            "Symptom|Denies|Reports; Hematemesis|✓|; Symptom|Reports|Denies; Nausea|✓|",
            ["Hematemesis: Denies", "Nausea: Reports"],
        ),
        ("Sign|Yes|No; Pallor||X; Procedure|Ordered|Completed; EGD||X", ["EGD: Completed"]),
        (
            "Finding|Present; Pallor|X; Finding|Absent; Fever|X",
            ["Pallor: Present", "Fever: Absent"],
        ),
        (
            "Sign|Yes|No; Pallor||X; LABS; Test|Normal|High|Low; Hb|||X; WBC|X||",
            ["Pallor: No", "LABS", "Hb: Low", "WBC: Normal"],
        ),
        (
            "Sign|Yes|No|Sign|Yes|No; Rash||X|Pallor|X|; Sign|No|Yes|Sign|No|Yes; Gout|X||Cough||X",
            ["Rash: No", "Pallor: Yes", "Gout: No", "Cough: Yes"],
        ),
        ("Yes|No|Finding; |X|Ulcer; No|Yes|Finding; |X|Anemia", ["Ulcer: No", "Anemia: Yes"]),
        ("Sign|Yes|No; Pallor||X; Drug|Dose|Since; Iron|325 mg|May", ["Iron\t325 mg\tMay"]),
        ("Sign|No|Yes; Pallor||X; Provider|Dr. Lee|", ["Provider\tDr. Lee"]),
        ("Statement|Yes|No; I have seen blood.||X", ["I have seen blood: No"]),
    ],
)
def test_each_header_is_of_the_rows_below_it(table, told):
    got = lines(table)
    assert [line for line in told if line not in got] == []


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("Name|Jane Doe|F; Symptom|Yes|No; Rash||X; Cough|X|", ["Rash: No", "Cough: Yes"]),
        ("MRN: 1234|Visit: 3; Complaint|Never|Current; Rash|X|; Gout||X", ["Rash: Never"]),
        ("Referred by: Dr. Poe|Clinic 4|; Exam|Left|Right; Pain|X|; Rash||X", ["Pain: Left"]),
        ("History|Smoker; Finding|No|Yes; Rash||X; Fever|X|", ["Rash: Yes", "Fever: No"]),
        ("Date|Hb; May|7.2; Finding|Yes|No; Rash||X", ["May\t7.2", "Rash: No"]),
    ],
)
def test_what_is_above_a_header_is_none(table, told):
    got = lines(table)
    assert [line for line in told if line not in got] == []


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("No.|Symptom|Present; 1|Rash|X; 2|Fever|", ["1 Rash: Present", "2 Fever: [ ] Present"]),
        ("#|Finding|No|Yes; 1|Rash|X|; 2|Fever||X", ["1 Rash: No", "2 Fever: Yes"]),
        ("Nr.|Finding|Reported; 1.|Rash|X; 2.|Fever|", ["1. Rash: Reported"]),
        ("Symptom|Present|No.; Rash|X|1; Fever||2", ["Fever: [ ] Present, 2"]),
        ("No|Finding|Yes|No; Q1|Rash||X; Q2|Fever||", ["Q1 Rash: No", "Q2 Fever: [ ] Yes [ ] No"]),
        ("No.|Symptom|Present; |Rash|; |Fever|X", ["Rash: [ ] Present", "Fever: Present"]),
        ("No|Yes|Finding; X||Rash; |X|Fever", ["Rash: No", "Fever: Yes"]),
    ],
)
def test_the_number_of_a_row_is_no_answer(table, told):
    got = lines(table)
    assert [line for line in told if line not in got] == []


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (
            "Sign|Current||Past|; |Yes|No|Yes|No; Rash||X|X|; Ulcer|X|||",
            ["Rash (Current): No", "Rash (Past): Yes", "Ulcer (Past): [ ] Yes [ ] No"],
        ),
        (
            "Item|2023|2023|2024|2024; Item|Normal|Abnormal|Normal|Abnormal; Hb||X|X|",
            ["Hb (2023): Abnormal", "Hb (2024): Normal"],
        ),
        (
            "Sign|Yes|No; Rash||X; |Mother||Father|; |Yes|No|Yes|No; Gout||X|X|",
            ["Rash: No", "Gout (Mother): No", "Gout (Father): Yes"],
        ),
        ("Finding|In the past|; |Yes|No; Ulcer|X|", ["Ulcer (In the past): Yes"]),
        (
            "Finding|No|Yes||; |No|Mild|Severe; Pain|X||; Rash|||X",
            ["Pain: No", "Rash: Yes, Severe"],
        ),
    ],
)
def test_headers_of_two_rows(table, told):
    got = lines(table)
    assert [line for line in told if line not in got] == []


@pytest.mark.parametrize(
    ("table", "label"),
    [
        ("Sign|Yes|No|Yes|No; Rash||X||", "Rash"),
        ("Rash|X|; Fever||X", "Rash"),
        ("Patient|Ann|Bell; Leg|Left|Right; Rash|X|", "Rash"),
        ("Sign|Yes|No; Pain||X; Signed|Dr. A|Dr. B; Rash|X|", "Rash"),
        ("Sign|Yes|No; Pain||X; Vaccines|2023|2024; Influenza||X", "Influenza"),
        ("Symptom|Current|Past; Melena|Yes|No; Rash|X|", "Rash"),
        ("History|None; Bleeding|Yes|No; Rash|X|", "Rash"),
    ],
)
def test_where_titles_are_not_certain_none_is_told(table, label):
    assert f"{label}: ?" in lines(table)
    assert not any(line.startswith(f"{label}\t") for line in lines(table))


@pytest.mark.parametrize("header", ["Sign|Yes|No", "Sign|No|Yes"])
def test_a_long_table_keeps_its_header(header):
    rows = "; ".join(["Pain|X|"] * 2_500)
    got = lines(f"Sign|No|Yes; Rash|X|; {header}; {rows}")
    assert got[1] == "Rash: No"
    assert got[-1] == ("Pain: Yes" if header == "Sign|Yes|No" else "Pain: No")
    assert got[3:] == got[-1:] * 2_500


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
    "row",
    [
        ("Melena", "", "X"),
        ("No fever", "No fever", "a\nb"),
        ("x",) * 40,
        ("Sign", "Yes", "No"),
        ("Melena", "a", "b"),
    ],
)
def test_twice_the_rows_take_twice_the_time(row):
    def reading(text: str):
        rows = [TableRow(1, ("Finding", "Yes", "No")), *[TableRow(1, row)] * len(text)]
        return lambda: list(as_text(rows))

    assert growth(reading, lambda size: "x" * size, 4_000) <= MOST


@pytest.mark.parametrize("cell", ["", "No fever", "a"])
def test_twice_the_cells_take_twice_the_time(cell):
    def reading(text: str):
        return lambda: list(as_text([TableRow(1, (*[cell] * len(text), "Denies pain", "Rash"))]))

    assert growth(reading, lambda size: "x" * size, 4_000) <= MOST
