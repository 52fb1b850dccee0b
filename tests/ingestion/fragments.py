"""Pages of our own making, in the shapes that page sources answer with."""

import json

TEXT = '<span class="description__job-criteria-text--criteria">'


def posting(number=1, **fields):
    """schema.org data of one job, as career pages carry it."""
    return {
        "@context": "https://schema.org",
        "@type": "JobPosting",
        "title": f"Boat builder {number}",
        "description": f"<p>Build wooden boats by hand at berth {number}.</p>",
        "datePosted": "2026-11-01",
        "validThrough": "2099-01-01",
        "identifier": {"@type": "PropertyValue", "name": "Nordhavn", "value": f"NB-{number}"},
        "hiringOrganization": {"@type": "Organization", "name": "Nordhavn Boats"},
        "jobLocation": {
            "@type": "Place",
            "address": {
                "@type": "PostalAddress",
                "addressLocality": "Bergen",
                "addressCountry": "NO",
            },
        },
    } | fields


def career_page(*postings, body=""):
    scripts = "".join(
        f'<script type="application/ld+json">{json.dumps(one)}</script>' for one in postings
    )
    return f"<!doctype html><html><head>{scripts}</head><body>{body}</body></html>"


def listing_page(paths, next_path=""):
    links = "".join(f'<li><a class="job" href="{path}">A job</a></li>' for path in paths)
    more = f'<a rel="next" href="{next_path}">More</a>' if next_path else ""
    return f"<!doctype html><html><body><ul>{links}</ul>{more}</body></html>"


def plain_job_page(title, place="Bergen, Norway"):
    """A job page without any data in it."""
    return (
        f"<!doctype html><html><body><h1 class='t'>{title}</h1><p class='p'>{place}</p>"
        "<div class='d'><p>Caulk seams and varnish decks.</p></div>"
        "<a class='go' href='https://apply.example/1'>Apply</a></body></html>"
    )


def card(number, title="Rope maker", employer="Havgard Ropes", place="Bergen, Norway"):
    """One card of a guest search."""
    return f"""<li><div class="base-card base-search-card job-search-card"
 data-entity-urn="urn:li:jobPosting:{number}">
<a class="base-card__full-link" href="https://no.linkedin.com/jobs/view/rope-maker-{number}?refId=x">
<span class="sr-only">{title}</span></a>
<div class="base-search-card__info"><h3 class="base-search-card__title"> {title} </h3>
<h4 class="base-search-card__subtitle"><a class="hidden-nested-link" href="#">{employer}</a></h4>
<div class="base-search-card__metadata"><span class="job-search-card__location">{place}</span>
<time class="job-search-card__listdate" datetime="2026-11-03">1 week ago</time>
</div></div></div></li>"""


def guest_search(*cards):
    return "<!DOCTYPE html>\n" + "\n".join(cards)


def guest_detail(number, title="Rope maker", employer="Havgard Ropes", words="Twist rope."):
    """The detail fragment of a guest search."""
    return f"""<section class="top-card-layout"><a class="topcard__link"
 href="https://www.linkedin.com/jobs/view/rope-maker-at-havgard-{number}?trk=t">
<h2 class="top-card-layout__title topcard__title">{title}</h2></a>
<a class="topcard__org-name-link" href="#"> {employer} </a>
<span class="topcard__flavor topcard__flavor--bullet">Bergen, Norway</span>
<span class="posted-time-ago__text">2 weeks ago</span>
<div class="message-the-recruiter">
<a href="https://www.linkedin.com/in/someone">Kari Example</a></div>
<code id="applyUrl"><!--"https://www.linkedin.com/apply?url=https%3A%2F%2Fhavgard.example%2F{number}"--></code>
<div class="show-more-less-html__markup"><p>{words}</p></div>
<ul class="description__job-criteria-list">
<li><h3 class="description__job-criteria-subheader">Seniority level</h3>
{TEXT}Entry level</span></li>
<li><h3 class="description__job-criteria-subheader">Employment type</h3>
{TEXT}Full-time</span></li>
</ul></section>"""
