"""Numbers that follow from what a figure's picture and caption tell, in steps, by the rules of school geometry."""
