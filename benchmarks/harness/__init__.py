"""What benchmarks run on: servers, programs, recorders and reports."""
