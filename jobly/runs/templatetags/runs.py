"""How work is called in front of people."""

from django import template

from jobly.runs.rules.words import in_words

register = template.Library()
register.filter("in_words", in_words)
