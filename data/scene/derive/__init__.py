"""Numbers that follow from what a figure shows and tells, in steps, by the rules of school geometry."""
