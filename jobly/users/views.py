"""Pages for signing in and out and for a forgotten password."""

from datetime import timedelta
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import login, views
from django.contrib.auth.forms import PasswordResetForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from jobly import limits
from jobly.callers import client_ip
from jobly.errorpages import too_many
from jobly.live import web_origin

from .forms import SignInForm
from .reports import demo_person

RESETS, RESET_WINDOW = 5, timedelta(hours=1)  # mails an address may ask for
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
DEMO_ROLES: Final = {
    "recruiter": "Publish jobs for a company",
    "seeker": "Look for a job",
    "staff": "Run the whole place",
}
FORWARDED: Final = ("X-Forwarded-For", "X-Real-IP", "Forwarded")


class SignIn(views.LoginView):
    """The sign-in page; on this machine, with demo data, also one click a demo person."""

    template_name = "users/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the demo people."""
        roles = demo_roles() if is_on_this_machine(self.request) else []
        return super().get_context_data(demo_people=roles, **kwargs)


class SignOut(views.LogoutView):
    """End the session; POST only, so that no foreign image can do it."""

    http_method_names = ["post", "options"]


class PasswordReset(views.PasswordResetView):
    """Ask for a link by mail; the answer is the same whether the address is known or not."""

    template_name = "users/ask_password_reset.html"
    email_template_name = "users/mail_password_reset.txt"
    subject_template_name = "users/mail_password_reset_subject.txt"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refuse the sixth mail an hour from one address."""
        key = f"password-reset:{client_ip(request)}"
        if wait := limits.take(key, limit=RESETS, window=RESET_WINDOW):
            return too_many(request, wait)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        """Put our public address into the mail, not what a Host header says."""
        self.extra_email_context = {"origin": web_origin(self.request)}
        return super().form_valid(form)


class PasswordResetSent(views.PasswordResetDoneView):
    """Say that a mail is on its way."""

    template_name = "users/show_reset_sent.html"


class NewPassword(views.PasswordResetConfirmView):
    """Choose a new password with the link of the mail."""

    template_name = "users/set_new_password.html"


class NewPasswordSet(views.PasswordResetCompleteView):
    """Say that the new password holds."""

    template_name = "users/show_password_set.html"


@require_POST
def demo_login(request: HttpRequest) -> HttpResponse:
    """Sign in as a demo person: on this machine only, and demo people only."""
    role = request.POST.get("role", "")
    person = demo_person(role) if is_on_this_machine(request) else None
    if person is None:
        raise Http404("No such demo person here.")
    login(request, person, backend=MODEL_BACKEND)
    following = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(following, allowed_hosts={request.get_host()})
    return redirect(following if safe else settings.LOGIN_REDIRECT_URL)


def is_on_this_machine(request: HttpRequest) -> bool:
    """Whether browser and server surely share a machine.

    A proxy in front has a loopback address too, so what looks forwarded is not; the name in the
    Host header keeps foreign pages from reaching us by DNS.
    """
    if settings.TRUSTED_PROXY_HOPS or any(name in request.headers for name in FORWARDED):
        return False
    name = urlsplit(f"//{request.get_host()}").hostname or ""
    called_here = name == "localhost" or _is_loopback(name)
    return called_here and _is_loopback(str(request.META.get("REMOTE_ADDR", "")))


def _is_loopback(text: str) -> bool:
    try:
        return ip_address(text).is_loopback
    except ValueError:
        return False


def demo_roles() -> list[tuple[str, str]]:
    """Return the roles there is a demo person for, with what they do."""
    return [(role, told) for role, told in DEMO_ROLES.items() if demo_person(role)]
