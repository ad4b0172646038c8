"""`make bench-mutants`: how many planted mistakes `hub check` and `hub test` catch.

mutant.py    one changed place of one workflow file
cuts.py      which characters an entry, a step, an item takes up
kinds.py     what each key of the language is for, and what is no behaviour
formulas.py  mutants of one expression, word by word
flows.py     mutants of a whole file
values.py    mutants of names, numbers, durations, choices, keys
sampling.py  which of them are tried
trying.py    one mutant: reported by the check, caught by a test, or not at all
crew.py      many mutants, tried by several processes
table.py     what came of them
"""
