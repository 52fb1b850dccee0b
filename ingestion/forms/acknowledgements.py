"""The form in which a superuser answers for collecting pages of a site."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from ingestion.actions.acknowledging import Word, host_of
from ingestion.models import Acknowledgement, Source
from ingestion.rules.acknowledging import check, sentence
from jobly.errors import Rejected

ASKED = sentence("jobs.example.com", respect_robots=True)


class AcknowledgementForm(forms.ModelForm[Acknowledgement]):
    """On what ground pages of a source may be collected, and the sentence that says so."""

    class Meta:
        model = Acknowledgement
        fields = ("source", "basis", "evidence", "respect_robots", "agent", "typed")
        labels: ClassVar = {
            "basis": "On what ground",
            "evidence": "Where that can be looked up",
            "respect_robots": "Keep to the site's robots.txt",
            "agent": "Another name than our own",
            "typed": "Type the sentence",
        }
        help_texts: ClassVar = {
            "source": "Official APIs, feeds and the employer's own data come first: collect "
            "pages only where there is none of these.",
            "agent": "Leave empty: sites are told who we are. Another name is logged each time.",
            "respect_robots": "Without it every page of the back office about sources says so.",
            "typed": f"Word for word, with the site's own host: {ASKED} If robots.txt is left "
            "aside, the second sentence is: I do NOT keep to its robots.txt.",
        }
        widgets: ClassVar = {
            "evidence": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
            "typed": UnfoldAdminTextareaWidget(attrs={"rows": 3, "autocomplete": "off"}),
            "agent": UnfoldAdminTextInputWidget(),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "source" in self.fields:  # a page that only shows has none
            rows = Source.objects.filter(kind=Source.Kind.PAGES)
            self.fields["source"].queryset = rows  # type: ignore[attr-defined] # a ModelChoiceField

    def clean(self) -> dict[str, Any]:
        """Check the sentence against the site's host."""
        found = self.cleaned_data
        if not self.errors:
            try:
                word = self.word
                check(
                    word.typed,
                    host_of(found["source"]),
                    word.evidence,
                    respect_robots=word.respect_robots,
                    agent=word.agent,
                )
            except Rejected as wrong:
                for name, lines in (wrong.fields or {"source": [wrong.message]}).items():
                    self.add_error(name if name in self.fields else None, lines)
        return found

    @property
    def word(self) -> Word:
        """What was filled in."""
        found = self.cleaned_data
        return Word(
            found["typed"],
            found["basis"],
            found["evidence"],
            found["respect_robots"],
            found["agent"],
        )
