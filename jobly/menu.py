"""The back office's menu and colours, as unfold takes them; names only."""

from typing import Any

from django.urls import reverse_lazy

# the tones of static/jobly.css: green for what can be pressed, warm greys for the rest
WEIGHTS = ("50", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950")
GREYS = "#f7f6f3 #efeeea #e3e1db #c9c7bf #96a09b #6b7672 #4b5652 #37413d #262e2b #171d1b #101413"
GREENS = "#eef8f5 #d9efe8 #b3dfd2 #84cbb9 #5fcfb4 #3aa58e #0c6b5c #0a574b #08483e #073b33 #032420"
BASE = dict(zip(WEIGHTS, GREYS.split(), strict=True))
PRIMARY = dict(zip(WEIGHTS, GREENS.split(), strict=True))


def _menu(title: str, icon: str, link: Any, **more: Any) -> dict[str, Any]:
    """Return one entry of the back office's menu; `link` is the end of an admin address's name."""
    known = reverse_lazy(f"admin:{link}") if isinstance(link, str) else link[0]
    return {"title": title, "icon": icon, "link": known, **more}


_OPERATORS = {"permission": "jobly.adminsite.is_operator"}
_OWNERS = {"permission": "jobly.adminsite.may_hold_keys"}
_ELSEWHERE: dict[str, Any] = {"active": lambda _request: False}
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Jobly",
    "SITE_HEADER": "Jobly",
    "SITE_URL": "/",
    "SITE_SYMBOL": "work",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: "/static/favicon.svg"}
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "DASHBOARD_CALLBACK": "jobly.dashboard.admin_dashboard",
    "STYLES": [lambda _request: "/static/admin-extra/admin.css"],
    "COLORS": {
        "base": BASE,
        "primary": PRIMARY,
    },
    "SIDEBAR": {
        "show_search": False,
        "command_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "title": "Work",
                "items": [
                    _menu("Dashboard", "space_dashboard", "index"),
                    _menu("Uploads", "upload_file", "ingestion_upload_changelist"),
                    _menu("Jobs", "work", "ingestion_job_changelist"),
                    _menu("Suggestions", "tips_and_updates", "ingestion_suggestion_changelist"),
                    _menu("Distributions", "send", "distribution_distribution_changelist"),
                    _menu("Jobs and boards", "grid_on", "distribution_distribution_matrix"),
                    _menu("Performance", "monitoring", "distribution_clickday_performance"),
                    _menu("Approvals", "how_to_reg", "distribution_approval_changelist"),
                    _menu("Applicants", "contact_mail", "distribution_applicant_changelist"),
                    _menu("Rehearsals", "theater_comedy", "distribution_rehearsal_changelist"),
                    _menu("Routing rules", "alt_route", "distribution_routingrule_changelist"),
                    _menu("Calendar", "calendar_month", "distribution_distribution_calendar"),
                    _menu("Budgets", "savings", "distribution_budget_changelist"),
                    _menu("Channels", "hub", "distribution_channel_changelist"),
                    _menu("Feeds", "rss_feed", "distribution_feeds"),
                    _menu("Board events", "move_to_inbox", "distribution_inboundhook_changelist"),
                    _menu("Runs", "autorenew", "runs_run_changelist"),
                ],
            },
            {
                "title": "Company",
                "separator": True,
                "items": [
                    _menu("People", "group", "users_membership_changelist", **_OWNERS),
                    _menu("API keys", "key", "users_apikey_changelist", **_OWNERS),
                    _menu("Webhooks", "webhook", "distribution_hookendpoint_changelist"),
                    _menu("Company", "apartment", "users_company_changelist"),
                ],
            },
            {
                "title": "System",
                "separator": True,
                "collapsible": True,
                "items": [
                    _menu(title, icon, f"{name}_changelist", **_OPERATORS)
                    for title, icon, name in (
                        ("Pipeline", "monitor_heart", "ingestion_sourceday"),
                        ("Alerts", "notifications", "ingestion_alert"),
                        ("Sources", "rss_feed", "ingestion_source"),
                        ("Walks", "directions_walk", "ingestion_fetch"),
                        ("Page collecting", "policy", "ingestion_acknowledgement"),
                        ("Absences", "person_search", "ingestion_absence"),
                        ("Takedowns", "block", "ingestion_takedown"),
                        ("Collections", "inventory_2", "ingestion_rawcollection"),
                        ("Processings", "conveyor_belt", "ingestion_processing"),
                        ("Failed items", "report", "ingestion_processedjob"),
                        ("Reprocessing", "history", "ingestion_reprocessing"),
                        ("Contracts", "contract", "ingestion_contract"),
                        ("Contract breaches", "rule", "ingestion_contractbreach"),
                        ("Employers", "domain", "ingestion_employer"),
                        ("Employer aliases", "merge", "ingestion_employeralias"),
                        ("Duplicates", "join_inner", "ingestion_likeness"),
                        ("Clusters", "workspaces", "ingestion_cluster"),
                        ("Schedules", "schedule", "runs_schedule"),
                        ("Queues", "layers", "runs_queue"),
                        ("Accounts", "manage_accounts", "users_user"),
                    )
                ],
            },
            {
                "title": "Elsewhere",
                "separator": True,
                "items": [
                    _menu("Public site", "public", ("/",), **_ELSEWHERE),
                    _menu("API", "api", ("/api/docs/",), **_ELSEWHERE),
                ],
            },
        ],
    },
}
