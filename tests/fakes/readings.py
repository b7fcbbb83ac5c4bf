"""What the scans of the shared documents say, read by a person: sentences of every page.

The files are no part of this repository; `tests/quality/ocr.py` measures word accuracy on them.
"""

SCANS: dict[str, list[tuple[str, ...]]] = {
    "ocrmypdf_linn.pdf": [
        (
            "The LinnSequencer is a state-of-the-art composition and performance tool for the "
            "professional musician.",
            "Each track may be assigned to one of 16 MIDI channels.",
            "To overdub notes at specific points within a sequence, simply use LOCATE, FAST "
            "FORWARD, or REWIND to find the desired bar number, then start recording.",
            "DELETE BARS operates the same way to remove unwanted sections.",
            "See your Linn dealer today for a demonstration!",
            "Any TIME SIGNATURE may be used, and may be changed within a song.",
        ),
    ],
    "markitdown_MEDRPT-2024-PAT-3847_medical_report_scan.pdf": [
        (
            "Patient presents with persistent headaches occurring 3-4 times per week for the past",
            "Associated symptoms include occasional dizziness, mild nausea, and sensitivity to "
            "light.",
            "Blood Pressure 142/88 mmHg 120/80 mmHg ELEVATED",
            "controlled with Lisinopril 10mg daily",
        ),
        (
            "Extremities: No edema, pulses 2+ bilaterally",
            "Total Cholesterol 215 mg/dL <200 mg/dL HIGH",
            "No acute intracranial hemorrhage, mass effect, or midline shift.",
            "Paranasal sinuses are clear. Mastoid air cells are well aerated.",
        ),
        (
            "Refer to Neurology for headache evaluation if symptoms persist",
            "Start Atorvastatin 20mg once daily at bedtime",
            "Unauthorized disclosure is prohibited by law.",
        ),
    ],
    "pytesseract_test.png": [
        (
            "This is a lot of 12 point text to test the ocr code and see if it works on all types "
            "of file format.",
            "The quick brown dog jumped over the lazy fox. " * 3
            + "The quick brown dog jumped over the lazy fox.",
        ),
    ],
}
