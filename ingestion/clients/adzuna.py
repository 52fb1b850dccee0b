"""Adzuna: searches by country, numbered pages of fifty, the newest first."""

from collections.abc import Iterator

from ingestion.rules import asking
from ingestion.rules.asking import Wish
from ingestion.rules.paging import ADZUNA_SIZE, Position, adzuna

from .walking import Ask, Link, Page, walk


def pages(link: Link, wish: Wish) -> Iterator[Page]:
    """GET {base}/{country}/search/{page}; the credentials go in the query, as it wants them."""
    country, known = asking.adzuna_country(wish), asking.adzuna(wish)
    secrets = {name: link.secret(name) for name in ("app_id", "app_key")}

    def ask(position: Position) -> Ask:
        params = {**known, "results_per_page": ADZUNA_SIZE}
        return Ask(f"/{country}/search/{position['page']}", params, secret_params=secrets)

    return walk(link, wish, ask, adzuna, start={"page": 1})
