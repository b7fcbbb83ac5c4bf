"""Number formats that show another number than the cell holds."""

import pytest

from winnow.parsers.xlsx.formats import NumberFormat


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("0%", 0.65, "65%"),
        ("0%", 0.07, "7%"),
        ("0%", -0.125, "-12.5%"),
        ("0%", 1.0, "100%"),
        ("0.00%", 0.654321, "65.4321%"),
        ("0 %", 0.4, "40%"),
        ('0.0" "%', 0.4, "40%"),
        ("#,##0.0%", 12.5, "1250%"),
        ("[Red]0%", 0.3, "30%"),
        ("[$-409]0%", 0.3, "30%"),
        ("_(0%_)", 0.3, "30%"),
        ("0%;[Red]-0%", -0.3, "-30%"),
        ("0%;[Red]-0%;0%;@", 0.0, "0%"),
        ("0.0%;-0.0;@", -3.0, None),
        ('0%;"below"', -3.0, None),
        ("[<=1]0%;0", 0.5, "50%"),
        ("[<=1]0%;0", 40.0, None),
        ("[>1]0;0%", 0.5, "50%"),
        ("[=0]0;[<1]0.0%;0", 0.25, "25%"),
        ("%0", 0.65, "65%"),
        ("0%%", 0.65, "6500%%"),
        ("0,", 250_000.0, "250 x 1,000"),
        ("#,##0,", 250_000.0, "250 x 1,000"),
        ("0.0,,", 45e6, "45 x 1,000,000"),
        ('0.0,,"M"', 45e6, "45 x 1,000,000"),
        ("0,.0", 1_500.0, "1.5 x 1,000"),
        ("#,##0, \\k", 7_200.0, "7.2 x 1,000"),
    ],
)
def test_a_number_is_written_as_it_is_shown(code, value, shown):
    assert NumberFormat.of(code).shown(value) == shown
    assert NumberFormat.of(code).scales


@pytest.mark.parametrize(
    "code",
    [
        "", "General", "0", "0.00", "#,##0", "#,##0.00", "# ##0", '0" %"', "0\\%", '0.0"%"',
        '"100%: "0', "0_%", "0*%", "[$%]0", "@", "yyyy-mm-dd", "mm/dd/yyyy, hh:mm:ss.000",
        'dd" d, "h" h"', "0.0E+00", "# ?/?", '"a, "0', '0", ca."', "#,##0;(#,##0)", "0;;;@",
        '_-* #,##0.00\\ "SEK"_-;_-@_-', "[h]:mm", '0"', "\\", "[", ";;;", "0;0;0;0%",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [-2.5, 0.0, 0.65, 40.0, 1e20])
def test_a_number_that_is_shown_as_it_is_stays_a_number(code, value):
    assert NumberFormat.of(code).shown(value) is None
    assert not NumberFormat.of(code).scales
