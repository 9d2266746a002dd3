"""A debugger beside a function: one door per function for the developer's editor, and time that stands still
while a breakpoint holds."""
