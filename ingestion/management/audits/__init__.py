"""What `audit` measures: our rules against labelled sets that an operator keeps beside the tree."""
