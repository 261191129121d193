package main

// What differs from version to version. Change it, commit, and `plimsoll ship`.
const (
	// version is what the greeting names.
	version = "1"
	// errorsPerThousand of the greetings are answered with 500 (/healthz and /metrics never are).
	errorsPerThousand uint64 = 0
	// extraLatencyMs is how many milliseconds every greeting takes longer.
	extraLatencyMs = 0
)
