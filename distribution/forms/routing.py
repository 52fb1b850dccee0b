"""A rule as a person types it: words between commas, a place with a radius."""

from datetime import timedelta
from typing import Any, ClassVar, Final

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from distribution.models import RoutingRule
from distribution.rules.routing import LISTS, MOST_KM, read_conditions
from distribution.rules.staggering import LONGEST_WAIT
from ingestion.rules import display
from ingestion.rules.gazetteer import country_code
from ingestion.rules.places import point_of

PAY: Final = (("", "Whether or not"), ("yes", "Only with pay"), ("no", "Only without pay"))
PAY_WORDS: Final[dict[str, bool | None]] = {"": None, "yes": True, "no": False}
MOST_MINUTES: Final = int(LONGEST_WAIT.total_seconds()) // 60


def words(label: str, hint: str = "") -> forms.CharField:
    """Return a field that takes words between commas."""
    widget = UnfoldAdminTextInputWidget()
    text = hint or "Between commas; any of them. Empty: whichever."
    return forms.CharField(
        label=label, required=False, max_length=1000, help_text=text, widget=widget
    )


def minutes(label: str, hint: str) -> forms.IntegerField:
    """Return a field that takes minutes."""
    return forms.IntegerField(
        label=label,
        min_value=0,
        max_value=MOST_MINUTES,
        required=False,
        help_text=hint,
        widget=UnfoldAdminIntegerFieldWidget(),
    )


def several(label: str, known: dict[str, str]) -> forms.MultipleChoiceField:
    """Return a field of boxes to tick; none means whichever."""
    return forms.MultipleChoiceField(
        label=label,
        required=False,
        choices=list(known.items()),
        widget=forms.CheckboxSelectMultiple,
    )


class RoutingRuleForm(forms.ModelForm[RoutingRule]):
    """Which jobs a rule wants, and where they go."""

    title_words = words("Words in the title", "Between commas; any of them, whole words.")
    not_title_words = words("Not with these words", "Between commas; whole words of the title.")
    departments = words("Departments", "As jobs name them, such as it, sales, marketing.")
    skills = words("Skills", "Between commas; any of them.")
    countries = words("Countries", "Names or codes, between commas, such as Germany, AT.")
    cities = words("Cities", "Between commas; for a city with what is around it use Near.")
    place = words("Near", "A place, such as Berlin, Germany; with the kilometres beside it.")
    km = forms.IntegerField(
        label="Kilometres around",
        min_value=1,
        max_value=int(MOST_KM),
        required=False,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    workplaces = several("Workplace", display.REMOTE)
    employment_types = several("Employment", display.EMPLOYMENT_TYPES)
    seniorities = several("Level", display.SENIORITIES)
    pay_stated = forms.ChoiceField(
        label="Pay", choices=PAY, required=False, widget=UnfoldAdminSelectWidget()
    )
    delay_minutes = minutes("Wait, in minutes", "Before the first job of a batch goes out.")
    stagger_minutes = minutes("Between jobs, in minutes", "Each goes out so much after the other.")

    class Meta:
        model = RoutingRule
        fields: ClassVar = ["company", "name", "channels", "enabled", "priority"]
        help_texts: ClassVar = {
            "name": "It is told beside each publication it makes.",
            "channels": "Only channels of the rule's company.",
            "priority": "Of several rules that want the same, the lowest number is named.",
        }
        widgets: ClassVar = {"channels": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        if row._state.adding:  # noqa: SLF001 # Django's own way to ask
            return
        wanted = row.wanted
        for name in LISTS:
            values = list(getattr(wanted, name))
            is_text = isinstance(self.fields[name], forms.CharField)
            self.initial[name] = ", ".join(values) if is_text else values
        self.initial.update(
            {
                "place": wanted.place,
                "km": round(wanted.km) or None,
                "pay_stated": {None: "", True: "yes", False: "no"}[wanted.pay_stated],
                "delay_minutes": round(row.delay.total_seconds() / 60) or None,
                "stagger_minutes": round(row.stagger.total_seconds() / 60) or None,
            }
        )

    def clean(self) -> dict[str, Any]:
        """Read the conditions as the API does, and put what is wrong beside its field."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        told: dict[str, Any] = {name: _list(given.get(name)) for name in LISTS}
        told["countries"] = [country_code(word) or word.upper() for word in told["countries"]]
        told |= {"place": given.get("place") or "", "km": given.get("km")}
        told["pay_stated"] = PAY_WORDS[given.get("pay_stated") or ""]
        if told["place"]:
            point = point_of(told["place"])
            if point is None:
                self.add_error("place", "It is not on our map; name a town and its country.")
            else:
                told["lat"], told["lon"] = point
            if not told["km"]:
                self.add_error("km", "How far around?")
        read, wrong = read_conditions(told)
        for name, text in wrong.items():
            self.add_error(name if name in self.fields else None, text)
        company = given.get("company") or getattr(self.instance, "company", None)
        if any(row.company_id != getattr(company, "pk", None) for row in given.get("channels", ())):
            self.add_error("channels", "These channels are another company's.")
        given["conditions"] = read.to_dict()
        return given

    def columns(self) -> dict[str, Any]:
        """Return what the action takes."""
        sent = self.cleaned_data
        return {
            "name": sent["name"],
            "enabled": sent["enabled"],
            "priority": sent["priority"],
            "conditions": sent["conditions"],
            "channels": list(sent["channels"]),
            "delay": timedelta(minutes=sent.get("delay_minutes") or 0),
            "stagger": timedelta(minutes=sent.get("stagger_minutes") or 0),
        }


def _list(value: Any) -> list[str]:
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    return list(value or [])
