"""The rules of songs, credits and time: standard library only, no input or output."""
