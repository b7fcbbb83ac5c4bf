"""Facts with a type, read from a text: dates, ages, events, measured values."""
