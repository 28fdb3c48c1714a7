"""Numbers in, numbers out: time, bands, measures. numpy only; knows no devices and no files."""
