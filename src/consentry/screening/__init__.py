"""The road: one `Screener` turns a `Submission` into one `Decision`."""
