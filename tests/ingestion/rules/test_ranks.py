import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.rules.ranks import RANKS, rank_of_title


@pytest.mark.parametrize(
    ("title", "rank"),
    [
        # English
        ("Warehouse Intern (Summer)", "trainee"),
        ("Co-op Student, Civil Engineering", "trainee"),
        ("Chief Happiness Officer", "chief"),
        ("C.F.O.", "chief"),
        ("Co-Founder & Baker", "chief"),
        ("Chief Engineer", "lead"),
        ("President of the Ferry Division", "president"),
        ("Sr. V.P., Claims", "vice president"),
        ("Executive Director, Zoo", "managing director"),
        ("Associate Director of Beekeeping", "director"),
        ("Head of Tiles", "head"),
        ("Team Lead Packing", "lead"),
        ("Lead Generation Specialist", "professional"),
        ("Principal Hydrologist", "principal"),
        ("Staff Software Engineer", "principal"),
        ("Staff Nurse", "professional"),
        ("Senior Bridge Manager", "senior manager"),
        ("Senior Living Activities Manager", "manager"),
        ("Weld Inspector III", "senior"),
        ("Surveyor II", "mid"),
        ("Jr. Locksmith", "junior"),
        ("Entry-level Arborist", "junior"),
        ("Product Owner", "professional"),
        ("Account Executive", "professional"),
        ("Data Analyst", "associate"),
        ("Assistant to the CEO", "professional"),
        # German
        ("Praktikantin Hafenlogistik", "trainee"),
        ("Auszubildender Müller (m/w/d)", "trainee"),
        ("Geschäftsführerin", "chief"),
        ("Mitglied der Geschäftsleitung", "management"),
        ("Kreisdirektor", "director"),
        ("Abteilungsleiterin Glasbau", "head"),
        ("Projektleiter Brücken", "lead"),
        ("Schichtführer", "lead"),
        ("Vorstandsassistenz", "associate"),
        ("Assistenz der Geschäftsführung", "associate"),
        ("Sachbearbeiterin Zoll", "associate"),
        ("Berufseinsteiger Bauwesen", "junior"),
        # French, Spanish, Italian, Portuguese
        ("Stagiaire fromager", "trainee"),
        ("Directrice générale", "chief"),
        ("Chef de projet fluvial", "lead"),
        ("Chef de service urgences", "head"),
        ("Chef de partie", "professional"),
        ("Responsable de viñedo", "head"),
        ("Becaria de archivo", "trainee"),
        ("Jefe de equipo de poda", "lead"),
        ("Director general", "chief"),
        ("Amministratore delegato", "chief"),
        ("Estagiário de marketing", "trainee"),
        # Dutch and Nordic, Polish
        ("Teamleider orchideeën", "lead"),
        ("Hoofd onderhoud", "head"),
        ("Algemeen directeur", "chief"),
        ("Medior bakker", "mid"),
        ("Avdelningschef", "head"),
        ("Prosjektleder bro", "lead"),
        ("Verkställande direktör", "chief"),
        ("Młodszy księgowy", "junior"),
        ("Kierownik zmiany", "head"),
        # nothing said
        ("Qwxz", ""),
        ("", ""),
    ],
)
def test_the_words_of_a_title_tell_its_rank(title, rank):
    assert rank_of_title(title) == rank


@pytest.mark.parametrize(
    "title",
    ["Marktleiter / Store Manager", "Club Manager | Head of Club", "Manager (Leiter) Lager"],
)
def test_one_post_named_as_head_and_as_manager_is_a_manager(title):
    assert rank_of_title(title) == "manager"


def test_a_head_of_management_is_a_head():
    assert rank_of_title("Head of Waste Management") == "head"


@settings(deadline=None)
@given(st.text(max_size=500))
def test_every_text_has_a_rank_or_none(text):
    assert rank_of_title(text) in {"", *RANKS}
