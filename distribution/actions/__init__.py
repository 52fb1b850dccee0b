"""Every change distribution makes, by noun: import the module that has the verb."""
