"""In a folder of its own: a pull that flattens or forgets folders is seen."""

GREETING = "hello"
