"""The forms in which a superuser answers for collecting pages of a site, and enters cookies."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import (
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from ingestion.actions.acknowledging import Word, check_account, host_of
from ingestion.errors import NotAcknowledged
from ingestion.models import Acknowledgement, CookieJar, Source
from ingestion.rules.acknowledging import check, sentence
from ingestion.rules.cookies import entered
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
        _offer_sites(self)

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


class CookiesForm(forms.ModelForm[CookieJar]):
    """Cookies of an account of ours; what was kept is never shown again."""

    typed = forms.CharField(
        label="Cookies",
        max_length=60_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4, "autocomplete": "off"}),
        help_text="As your browser sends them: name=value; name=value. They replace those that the "
        "source has, go to its own host only, and are forgotten after a week.",
    )
    own = forms.BooleanField(
        label="The account is ours, and the site allows that a program uses it",
        widget=UnfoldBooleanSwitchWidget,
    )

    class Meta:
        model = CookieJar
        fields = ("source",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_sites(self)

    def validate_unique(self) -> None:
        """Let the new cookies take the place of the old ones."""

    def clean_source(self) -> Source:
        """Take only a source that somebody answers for on a ground that covers an account."""
        source: Source = self.cleaned_data["source"]
        try:
            check_account(source)
        except NotAcknowledged as wrong:
            raise forms.ValidationError(wrong.message) from wrong
        return source

    def clean_typed(self) -> str:
        """Read them, so that a mistake is told beside them."""
        typed: str = self.cleaned_data["typed"]
        try:
            entered(typed, "")
        except Rejected as wrong:
            raise forms.ValidationError(wrong.fields["typed"]) from wrong
        return typed


def _offer_sites(form: forms.ModelForm[Any]) -> None:
    """Let only sources of pages be chosen; a page that only shows has no such field."""
    field = form.fields.get("source")
    if isinstance(field, forms.ModelChoiceField):
        field.queryset = Source.objects.filter(kind=Source.Kind.PAGES)
